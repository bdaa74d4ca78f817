/*
title = "New members"
question = "Who has joined in the window?"
members = "one"

[parameters]
since = "30 days"

[columns]
user_id = { type = "id", doc = "member" }
member = { type = "text", doc = "their name" }
joined_at = { type = "instant", doc = "first join notice, else first message, else first seen" }
messages = { type = "integer", doc = "messages since then, in the window", unit = "messages" }
*/
WITH came AS (
    SELECT user_id, joined_at FROM joined SEMI JOIN people USING (user_id)
    WHERE joined_at BETWEEN $since AND $as_of
)
SELECT c.user_id, coalesce(n.name, c.user_id) AS member, c.joined_at, count(p.ts) AS messages
FROM came c
LEFT JOIN names n USING (user_id)
LEFT JOIN people_messages p
    ON p.user_id = c.user_id AND p.posted_at BETWEEN $since AND $as_of
    AND p.posted_at >= c.joined_at
GROUP BY ALL
ORDER BY c.joined_at DESC, member, c.user_id
