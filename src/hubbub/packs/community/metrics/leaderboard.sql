/*
title = "Leaderboard"
question = "Who writes the most?"
members = "one"

[parameters]
since = "30 days"
channel = ""

[columns]
rank = { type = "integer", doc = "1 + the number of members with more messages" }
user_id = { type = "id", doc = "member" }
member = { type = "text", doc = "their name" }
messages = { type = "integer", doc = "posts, replies and broadcasts", unit = "messages" }
reactions_received = { type = "integer", doc = "reactions of people to them", unit = "reactions" }
channels = { type = "integer", doc = "channels that they wrote in", unit = "channels" }
*/
WITH said AS (
    SELECT * FROM people_messages
    WHERE posted_at BETWEEN $since AND $as_of
    AND ($channel IS NULL OR channel_id = $channel)
), received AS (
    SELECT s.user_id, count(*) AS reactions
    FROM said s JOIN reactions r USING (channel_id, ts) JOIN people p ON p.user_id = r.user_id
    GROUP BY s.user_id
)
SELECT
    rank() OVER (ORDER BY count(*) DESC) AS rank,
    s.user_id, coalesce(n.name, s.user_id) AS member, count(*) AS messages,
    coalesce(any_value(r.reactions), 0) AS reactions_received,
    count(DISTINCT s.channel_id) AS channels
FROM said s
LEFT JOIN names n USING (user_id)
LEFT JOIN received r USING (user_id)
GROUP BY s.user_id, n.name
ORDER BY rank, member, s.user_id
