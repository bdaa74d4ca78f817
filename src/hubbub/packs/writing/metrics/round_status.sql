/*
title = "Rounds of writing, by member"
question = "Who has handed in, who has passed, and who is missing in each round?"
note = "Rounds that begin in the window, as they stood at its end. Who is expected, when rounds begin and how long they are is set for the pack; see writing.md."
members = "one"

[parameters]
since = ""
round = { default = 0, doc = "one round; 0 is all of the window" }
status = { default = "", doc = "one status; empty is all" }
member = ""
late_days = { default = 0, doc = "days after the window's end of which late submissions still count" }

[columns]
round = { type = "integer", doc = "its number, from 1" }
begins = { type = "date", doc = "its first day" }
ends = { type = "date", doc = "its last day" }
user_id = { type = "id", doc = "member" }
member = { type = "text", doc = "their name" }
status = { type = "text", doc = "submitted, late (handed in after the last day), passed, missing, or open while the round lasts" }
handed_in_at = { type = "instant", doc = "their first submission, or their pass" }
permalink = { type = "text", doc = "where that is in Slack; empty where only archives were imported" }
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
    WHERE begins_at BETWEEN $since AND $as_of
        AND (is_expected OR first_at <= $as_of + to_days($late_days::INTEGER))
        AND ($round = 0 OR round = $round) AND ($member IS NULL OR user_id = $member)
), told AS (
    SELECT
        *,
        CASE status WHEN 'submitted' THEN submitted_at WHEN 'late' THEN late_at
            WHEN 'passed' THEN passed_at END AS handed_in_at
    FROM stood WHERE $status = '' OR status = $status
), places AS (
    SELECT h.user_id, h.posted_at, min(l.permalink) AS permalink
    FROM handed_in h JOIN permalinks l USING (channel_id, ts)
    GROUP BY ALL
)
SELECT t.round, t.begins, t.ends, t.user_id, coalesce(n.name, t.user_id) AS member, t.status,
    t.handed_in_at, p.permalink
FROM told t
LEFT JOIN names n USING (user_id)
LEFT JOIN places p ON p.user_id = t.user_id AND p.posted_at = t.handed_in_at
ORDER BY t.round, list_position(['submitted', 'late', 'passed', 'open', 'missing'], t.status),
    member, t.user_id
