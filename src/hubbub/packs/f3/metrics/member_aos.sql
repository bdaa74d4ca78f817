/*
title = "Where members post"
question = "Which AO does each member go to most?"
members = "one"

[parameters]
since = "year"
channel = ""
member = ""

[columns]
user_id = { type = "id", doc = "who; empty for a name that is no member's" }
member = { type = "text", doc = "their name" }
place = { type = "integer", doc = "1 for the AO with most of their posts" }
ao_id = { type = "id", doc = "where: the AO's channel" }
ao = { type = "text", doc = "its name" }
posts = { type = "integer", doc = "beatdowns there that they were at", unit = "posts" }
percent = { type = "number", doc = "of their posts", unit = "%" }
last_day = { type = "date", doc = "the newest of them" }
*/
WITH posts AS (
    SELECT * FROM attendance
    WHERE day::TIMESTAMP AT TIME ZONE $timezone BETWEEN $since AND $as_of
        AND person IS NOT NULL
        AND ($member IS NULL OR user_id = $member)
), places AS (
    SELECT
        person, user_id, ao_id,
        max(name) AS member,
        count(*) AS posts,
        max(day) AS last_day,
        100.0 * count(*) / sum(count(*)) OVER (PARTITION BY person) AS percent,
        rank() OVER (PARTITION BY person ORDER BY count(*) DESC) AS place,
        sum(count(*)) OVER (PARTITION BY person) AS all_posts
    FROM posts
    GROUP BY person, user_id, ao_id
)
SELECT
    p.user_id, p.member, p.place, p.ao_id, coalesce(c.name, p.ao_id) AS ao, p.posts,
    p.percent::DOUBLE AS percent, p.last_day
FROM places p
LEFT JOIN channel_names c ON c.channel_id = p.ao_id
WHERE $channel IS NULL OR p.ao_id = $channel
ORDER BY p.all_posts DESC, p.member, p.person, p.place, ao
