/*
title = "Posters by channel"
question = "How many members write in each channel?"
members = "members"
keys = ["channel_id", "channel"]

[parameters]
since = ""
channel = ""

[columns]
channel_id = { type = "id", doc = "channel" }
channel = { type = "text", doc = "its name" }
members = { type = "integer", doc = "members with a message", unit = "members" }
*/
SELECT m.channel_id, c.name AS channel, count(DISTINCT m.user_id) AS members
FROM people_messages m JOIN channel_names c USING (channel_id)
WHERE m.posted_at BETWEEN $since AND $as_of
    AND ($channel IS NULL OR m.channel_id = $channel)
GROUP BY ALL
ORDER BY members DESC, channel, m.channel_id
