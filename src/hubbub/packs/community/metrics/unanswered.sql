/*
title = "Unanswered questions"
question = "Which questions has nobody answered?"
members = "one"

[parameters]
since = "30 days"
channel = ""

[columns]
channel_id = { type = "id", doc = "channel" }
channel = { type = "text", doc = "its name" }
ts = { type = "id", doc = "the question" }
user_id = { type = "id", doc = "member" }
member = { type = "text", doc = "their name" }
asked_at = { type = "instant", doc = "when" }
hours = { type = "number", doc = "since it was asked", unit = "hours" }
answered_at = { type = "instant", doc = "a late answer, more than a day after the question; empty if there is none" }
permalink = { type = "text", doc = "where it is in Slack; empty where only archives were imported" }
*/
SELECT
    q.channel_id, c.name AS channel, q.ts, q.user_id, coalesce(n.name, q.user_id) AS member,
    q.asked_at, date_diff('second', q.asked_at, $as_of) / 3600.0 AS hours,
    CASE WHEN q.answered_at <= $as_of THEN q.answered_at END AS answered_at,
    l.permalink
FROM questions q
JOIN channel_names c USING (channel_id)
JOIN permalinks l USING (channel_id, ts)
LEFT JOIN names n USING (user_id)
WHERE q.asked_at BETWEEN $since AND $as_of - INTERVAL 24 hours
    AND (q.answered_at IS NULL OR q.answered_at > q.asked_at + INTERVAL 24 hours)
    AND ($channel IS NULL OR q.channel_id = $channel)
ORDER BY q.asked_at DESC, channel, q.ts
