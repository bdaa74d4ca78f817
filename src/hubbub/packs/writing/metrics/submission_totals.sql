/*
title = "Submissions of members"
question = "How often has each member handed in, passed, or been missing?"
note = "Of the rounds that begin in the window, as they stood at its end."
members = "one"

[parameters]
since = ""
member = ""

[columns]
user_id = { type = "id", doc = "member" }
member = { type = "text", doc = "their name" }
rounds = { type = "integer", doc = "rounds in which they are expected or have handed in; not one that they can still hand in", unit = "rounds" }
submitted = { type = "integer", doc = "of them, handed in by the last day", unit = "rounds" }
late = { type = "integer", doc = "of them, handed in after it", unit = "rounds" }
passed = { type = "integer", doc = "of them, passed", unit = "rounds" }
missing = { type = "integer", doc = "of them, neither", unit = "rounds" }
*/
WITH stood AS (
    SELECT
        *,
        CASE
            WHEN submitted_at <= $as_of THEN 'submitted'
            WHEN late_at <= $as_of THEN 'late'
            WHEN passed_at <= $as_of THEN 'passed'
            WHEN ends_at <= $as_of THEN 'missing'
        END AS status
    FROM round_members
    WHERE begins_at BETWEEN $since AND $as_of AND (is_expected OR first_at <= $as_of)
        AND ($member IS NULL OR user_id = $member)
)
SELECT
    s.user_id, coalesce(n.name, s.user_id) AS member,
    count(*) AS rounds,
    count(*) FILTER (s.status = 'submitted') AS submitted,
    count(*) FILTER (s.status = 'late') AS late,
    count(*) FILTER (s.status = 'passed') AS passed,
    count(*) FILTER (s.status = 'missing') AS missing
FROM stood s
LEFT JOIN names n USING (user_id)
WHERE s.status IS NOT NULL
GROUP BY s.user_id, n.name
ORDER BY submitted DESC, late DESC, passed DESC, member, s.user_id
