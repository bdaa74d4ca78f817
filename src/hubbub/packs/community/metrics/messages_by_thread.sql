/*
title = "Messages by thread"
question = "Which threads are the longest?"
members = "one"

[parameters]
since = ""
channel = ""

[columns]
channel_id = { type = "id", doc = "channel" }
channel = { type = "text", doc = "its name" }
thread_ts = { type = "id", doc = "the thread" }
messages = { type = "integer", doc = "its messages, the root included", unit = "messages" }
*/
SELECT t.channel_id, c.name AS channel, t.thread_ts, count(*) AS messages
FROM people_messages m
JOIN threads t ON t.channel_id = m.channel_id AND t.thread_ts = coalesce(m.thread_ts, m.ts)
    AND t.first_reply_at <= $as_of
JOIN channel_names c ON c.channel_id = m.channel_id
WHERE m.posted_at BETWEEN $since AND $as_of
    AND ($channel IS NULL OR m.channel_id = $channel)
GROUP BY ALL
ORDER BY messages DESC, channel, t.channel_id, t.thread_ts
