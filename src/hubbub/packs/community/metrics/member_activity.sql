/*
title = "Activity of members"
question = "Since when, until when and how much does each member take part?"
members = "one"

[parameters]
since = ""

[columns]
user_id = { type = "id", doc = "member" }
member = { type = "text", doc = "their name" }
country = { type = "text", doc = "country, by the member's time zone" }
city = { type = "text", doc = "the city that names the time zone" }
is_deactivated = { type = "flag", doc = "whether the account is closed" }
first_seen_at = { type = "instant", doc = "the first time that anything names the member" }
joined_at = { type = "instant", doc = "first join notice, else first message, else first seen" }
messages = { type = "integer", doc = "posts, replies and broadcasts", unit = "messages" }
first_message_at = { type = "instant", doc = "the first of them" }
last_message_at = { type = "instant", doc = "the last of them" }
reactions = { type = "integer", doc = "reactions given", unit = "reactions" }
first_reaction_at = { type = "instant", doc = "the first of them" }
last_reaction_at = { type = "instant", doc = "the last of them" }
reaction_time = { type = "text", doc = "whose time the reactions have: `message`, since archives do not say a reaction's own" }
*/
WITH said AS (
    SELECT user_id, count(*) AS messages, min(posted_at) AS first_at, max(posted_at) AS last_at
    FROM people_messages WHERE posted_at BETWEEN $since AND $as_of GROUP BY user_id
), reacted AS (
    SELECT r.user_id, count(*) AS reactions, min(m.posted_at) AS first_at,
        max(m.posted_at) AS last_at
    FROM reactions r JOIN messages m USING (channel_id, ts)
    WHERE m.deleted_at IS NULL AND m.posted_at BETWEEN $since AND $as_of
    GROUP BY r.user_id
)
SELECT
    m.user_id, m.name AS member, m.country, m.city, m.is_deleted AS is_deactivated,
    f.first_seen_at, j.joined_at,
    coalesce(s.messages, 0) AS messages, s.first_at AS first_message_at,
    s.last_at AS last_message_at,
    coalesce(r.reactions, 0) AS reactions, r.first_at AS first_reaction_at,
    r.last_at AS last_reaction_at,
    CASE WHEN r.user_id IS NOT NULL THEN 'message' END AS reaction_time
FROM members m
LEFT JOIN first_seen f USING (user_id)
LEFT JOIN joined j USING (user_id)
LEFT JOIN said s USING (user_id)
LEFT JOIN reacted r USING (user_id)
ORDER BY messages DESC, reactions DESC, member, m.user_id
