/*
title = "Most posts"
question = "Who was at the most workouts?"
members = "one"

[parameters]
since = "year"
channel = ""

[columns]
rank = { type = "integer", doc = "1 + the number of those with more posts" }
user_id = { type = "id", doc = "who; empty for a name that is no member's" }
member = { type = "text", doc = "their name" }
posts = { type = "integer", doc = "beatdowns that they were at", unit = "posts" }
aos = { type = "integer", doc = "AOs where they were", unit = "AOs" }
led = { type = "integer", doc = "beatdowns that they led", unit = "beatdowns" }
is_registered = { type = "flag", doc = "whether the name is a member's" }
*/
WITH present AS (
    SELECT
        person, user_id, max(name) AS member, count(*) AS posts, count(DISTINCT ao_id) AS aos,
        count(*) FILTER (role = 'q') AS led
    FROM attendance
    WHERE day::TIMESTAMP AT TIME ZONE $timezone BETWEEN $since AND $as_of
        AND person IS NOT NULL
        AND ($channel IS NULL OR ao_id = $channel)
    GROUP BY person, user_id
)
SELECT
    rank() OVER (ORDER BY posts DESC) AS rank,
    user_id, member, posts, aos, led, user_id IS NOT NULL AS is_registered
FROM present
ORDER BY rank, member, person
