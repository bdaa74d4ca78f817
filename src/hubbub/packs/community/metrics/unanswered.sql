/*
title = "Unanswered questions"
question = "Which questions has nobody answered?"
members = "one"

[parameters]
since = "30 days"
channel = ""
late_answers = { default = "shown", doc = "questions that were answered after more than a day: shown or hidden" }

[columns]
channel_id = { type = "id", doc = "channel" }
channel = { type = "text", doc = "its name" }
ts = { type = "id", doc = "the question" }
user_id = { type = "id", doc = "member" }
member = { type = "text", doc = "their name" }
asked_at = { type = "instant", doc = "when" }
text = { type = "markup", doc = "what was asked, where the policy keeps it" }
hours = { type = "number", doc = "since it was asked", unit = "hours" }
answered_at = { type = "instant", doc = "a late answer, more than a day after the question; empty if there is none" }
permalink = { type = "text", doc = "where it is in Slack; empty where only archives were imported" }
profile = { type = "text", doc = "the member in Slack; empty there too, and for pseudonyms" }
*/
WITH asked AS (
    SELECT * FROM questions
    WHERE asked_at BETWEEN $since AND $as_of - INTERVAL 24 hours
        AND (answered_at IS NULL OR answered_at > asked_at + INTERVAL 24 hours)
        AND ($late_answers = 'shown' OR answered_at IS NULL OR answered_at > $as_of)
        AND ($channel IS NULL OR channel_id = $channel)
)
SELECT
    q.channel_id, c.name AS channel, q.ts, q.user_id, coalesce(n.name, q.user_id) AS member,
    q.asked_at, m.text, date_diff('second', q.asked_at, $as_of) / 3600.0 AS hours,
    CASE WHEN q.answered_at <= $as_of THEN q.answered_at END AS answered_at,
    l.permalink, p.profile
FROM asked q
JOIN messages m USING (channel_id, ts)
JOIN channel_names c USING (channel_id)
JOIN permalinks l USING (channel_id, ts)
LEFT JOIN names n ON n.user_id = q.user_id
LEFT JOIN profile_links p ON p.user_id = q.user_id
ORDER BY q.asked_at DESC, channel, q.ts
