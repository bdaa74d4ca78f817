/*
title = "Messages by thread and member"
question = "Who talks in which thread?"
members = "one"

[parameters]
since = ""
channel = ""

[columns]
channel_id = { type = "id", doc = "channel" }
channel = { type = "text", doc = "its name" }
thread_ts = { type = "id", doc = "the thread" }
user_id = { type = "id", doc = "member" }
member = { type = "text", doc = "their name" }
messages = { type = "integer", doc = "messages in it, the root included", unit = "messages" }
*/
SELECT t.channel_id, c.name AS channel, t.thread_ts, m.user_id,
    coalesce(n.name, m.user_id) AS member, count(*) AS messages
FROM people_messages m
JOIN threads t ON t.channel_id = m.channel_id AND t.thread_ts = coalesce(m.thread_ts, m.ts)
    AND t.first_reply_at <= $as_of
JOIN channel_names c ON c.channel_id = m.channel_id
LEFT JOIN names n ON n.user_id = m.user_id
WHERE m.posted_at BETWEEN $since AND $as_of
    AND ($channel IS NULL OR m.channel_id = $channel)
GROUP BY ALL
ORDER BY channel, t.channel_id, t.thread_ts, messages DESC, member, m.user_id
