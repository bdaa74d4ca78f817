/*
title = "Submissions by round"
question = "How many hand in, pass or are missing in each round?"
note = "Rounds that begin in the window, as they stood at its end."
members = "overlapping"

[parameters]
since = ""
late_days = { default = 0, doc = "days after the window's end of which late submissions still count" }

[columns]
round = { type = "integer", doc = "its number, from 1" }
begins = { type = "date", doc = "its first day" }
ends = { type = "date", doc = "its last day" }
expected = { type = "integer", doc = "members of whom a submission is expected", unit = "members" }
submitted = { type = "integer", doc = "members who handed in by the last day", unit = "members" }
late = { type = "integer", doc = "members who handed in after it", unit = "members" }
passed = { type = "integer", doc = "members who passed", unit = "members" }
missing = { type = "integer", doc = "expected members who did neither", unit = "members" }
open = { type = "integer", doc = "expected members who still can, while the round lasts", unit = "members" }
submissions = { type = "integer", doc = "posts handed in; several by one member count each", unit = "submissions" }
*/
WITH stood AS (
    SELECT
        *,
        CASE
            WHEN submitted_at <= $as_of THEN 'submitted'
            WHEN late_at <= $as_of + to_days($late_days::INTEGER) THEN 'late'
            WHEN passed_at <= $as_of THEN 'passed'
            WHEN ends_at <= $as_of THEN 'missing'
            ELSE 'open'
        END AS status
    FROM round_members
    WHERE is_expected OR first_at <= $as_of + to_days($late_days::INTEGER)
), posts AS (
    SELECT round, count(*) AS submissions
    FROM submissions
    WHERE NOT is_passed_token
        AND posted_at <= $as_of + to_days(CASE WHEN is_late THEN $late_days::INTEGER ELSE 0 END)
    GROUP BY round
)
SELECT
    r.round, r.begins, r.ends,
    count(*) FILTER (WHERE s.is_expected) AS expected,
    count(*) FILTER (WHERE s.status = 'submitted') AS submitted,
    count(*) FILTER (WHERE s.status = 'late') AS late,
    count(*) FILTER (WHERE s.status = 'passed') AS passed,
    count(*) FILTER (WHERE s.status = 'missing') AS missing,
    count(*) FILTER (WHERE s.status = 'open') AS open,
    coalesce(any_value(p.submissions), 0) AS submissions
FROM rounds r
LEFT JOIN stood s USING (round)
LEFT JOIN posts p USING (round)
WHERE r.begins_at BETWEEN $since AND $as_of
GROUP BY r.round, r.begins, r.ends
ORDER BY r.round
