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
SELECT m.user_id, m.name AS member, m.joined_at, count(p.ts) AS messages
FROM members m
LEFT JOIN people_messages p
    ON p.user_id = m.user_id AND p.posted_at BETWEEN $since AND $as_of
    AND p.posted_at >= m.joined_at
WHERE m.joined_at BETWEEN $since AND $as_of
GROUP BY ALL
ORDER BY m.joined_at DESC, member, m.user_id
