/*
title = "Messages by channel and member"
question = "Who talks where?"
members = "one"

[parameters]
since = ""
channel = ""

[columns]
channel_id = { type = "id", doc = "channel" }
channel = { type = "text", doc = "its name" }
user_id = { type = "id", doc = "member" }
member = { type = "text", doc = "their name" }
messages = { type = "integer", doc = "posts, replies and broadcasts", unit = "messages" }
thread_messages = { type = "integer", doc = "those of them in threads: replies and broadcasts", unit = "messages" }
*/
SELECT m.channel_id, c.name AS channel, m.user_id, coalesce(n.name, m.user_id) AS member,
    count(*) AS messages, count(*) FILTER (WHERE m.kind <> 'post') AS thread_messages
FROM people_messages m
JOIN channel_names c USING (channel_id)
LEFT JOIN names n USING (user_id)
WHERE m.posted_at BETWEEN $since AND $as_of
    AND ($channel IS NULL OR m.channel_id = $channel)
GROUP BY ALL
ORDER BY channel, m.channel_id, messages DESC, member, m.user_id
