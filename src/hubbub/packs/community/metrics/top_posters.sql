/*
title = "Top posters"
question = "Who writes the most in each channel?"
members = "one"

[parameters]
since = ""
channel = ""

[columns]
channel_id = { type = "id", doc = "channel" }
channel = { type = "text", doc = "its name" }
user_id = { type = "id", doc = "member" }
member = { type = "text", doc = "their name" }
messages = { type = "integer", doc = "posts, replies and broadcasts; equals are all shown", unit = "messages" }
*/
SELECT m.channel_id, c.name AS channel, m.user_id, coalesce(n.name, m.user_id) AS member,
    count(*) AS messages
FROM people_messages m
JOIN channel_names c USING (channel_id)
LEFT JOIN names n USING (user_id)
WHERE m.posted_at BETWEEN $since AND $as_of
    AND ($channel IS NULL OR m.channel_id = $channel)
GROUP BY m.channel_id, c.name, m.user_id, n.name
QUALIFY rank() OVER (PARTITION BY m.channel_id ORDER BY count(*) DESC) = 1
ORDER BY messages DESC, channel, m.channel_id, member, m.user_id
