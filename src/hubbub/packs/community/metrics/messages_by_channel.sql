/*
title = "Messages by channel"
question = "Where is the talk?"
members = "members"
keys = ["channel_id", "channel"]
shown = ["messages"]

[parameters]
since = ""
channel = ""

[columns]
channel_id = { type = "id", doc = "channel" }
channel = { type = "text", doc = "its name" }
messages = { type = "integer", doc = "posts, replies and broadcasts", unit = "messages" }
thread_messages = { type = "integer", doc = "those of them in threads: replies and broadcasts", unit = "messages" }
members = { type = "integer", doc = "members who wrote them", unit = "members" }
*/
SELECT m.channel_id, c.name AS channel, count(*) AS messages,
    count(*) FILTER (WHERE m.kind <> 'post') AS thread_messages,
    count(DISTINCT m.user_id) AS members
FROM people_messages m JOIN channel_names c USING (channel_id)
WHERE m.posted_at BETWEEN $since AND $as_of
    AND ($channel IS NULL OR m.channel_id = $channel)
GROUP BY ALL
ORDER BY messages DESC, channel, m.channel_id
