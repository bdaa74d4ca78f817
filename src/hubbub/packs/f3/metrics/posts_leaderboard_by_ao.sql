/*
title = "Most posts, by AO"
question = "Who was at the most workouts of each AO?"
members = "one"

[parameters]
since = "year"
channel = ""

[columns]
ao_id = { type = "id", doc = "where: the AO's channel" }
ao = { type = "text", doc = "its name" }
rank = { type = "integer", doc = "1 + the number of those with more posts there" }
user_id = { type = "id", doc = "who; empty for a name that is no member's" }
member = { type = "text", doc = "their name" }
posts = { type = "integer", doc = "beatdowns there that they were at", unit = "posts" }
led = { type = "integer", doc = "of them, led", unit = "beatdowns" }
is_registered = { type = "flag", doc = "whether the name is a member's" }
*/
WITH present AS (
    SELECT
        ao_id, person, user_id, max(name) AS member, count(*) AS posts,
        count(*) FILTER (role = 'q') AS led
    FROM attendance
    WHERE day::TIMESTAMP AT TIME ZONE $timezone BETWEEN $since AND $as_of
        AND person IS NOT NULL
        AND ($channel IS NULL OR ao_id = $channel)
    GROUP BY ao_id, person, user_id
)
SELECT
    p.ao_id, coalesce(c.name, p.ao_id) AS ao,
    rank() OVER (PARTITION BY p.ao_id ORDER BY p.posts DESC) AS rank,
    p.user_id, p.member, p.posts, p.led, p.user_id IS NOT NULL AS is_registered
FROM present p
LEFT JOIN channel_names c ON c.channel_id = p.ao_id
ORDER BY ao, p.ao_id, rank, p.member, p.person
