/*
title = "First-timers"
question = "Who was at a workout for the first time?"
note = "Those whom a backblast names as FNGs, and members who are named in none before. Near the begin of what Hubbub has, the latter are old hands."
members = "one"

[parameters]
since = "30 days"
channel = ""

[columns]
day = { type = "date", doc = "their first day" }
ao_id = { type = "id", doc = "where: the AO's channel" }
ao = { type = "text", doc = "its name" }
user_id = { type = "id", doc = "who; empty for a name that is no member's" }
member = { type = "text", doc = "their name" }
is_fng = { type = "flag", doc = "whether the backblast names them as an FNG" }
leader = { type = "text", doc = "who led" }
posts_since = { type = "integer", doc = "posts after it, up to as-of", unit = "posts" }
last_day = { type = "date", doc = "their newest post" }
*/
WITH known AS (
    SELECT * FROM attendance WHERE day::TIMESTAMP AT TIME ZONE $timezone <= $as_of
), firsts AS (
    SELECT *, role = 'fng' AS is_fng FROM known
    QUALIFY is_fng OR (
        user_id IS NOT NULL
        AND row_number() OVER (PARTITION BY person ORDER BY day, ts, channel_id, place) = 1
    )
), later AS (
    SELECT
        f.channel_id, f.ts, f.place, f.person,
        count(k.day) AS posts, coalesce(max(k.day), f.day) AS last_day
    FROM firsts f
    LEFT JOIN known k ON k.person = f.person AND k.day > f.day
    GROUP BY f.channel_id, f.ts, f.place, f.person, f.day
)
SELECT
    f.day, f.ao_id, coalesce(c.name, f.ao_id) AS ao, f.user_id, f.name AS member, f.is_fng,
    b.q_name AS leader, l.posts AS posts_since, l.last_day
FROM firsts f
JOIN beatdowns b USING (channel_id, ts, place)
JOIN later l ON l.channel_id = f.channel_id AND l.ts = f.ts AND l.place = f.place
    AND l.person IS NOT DISTINCT FROM f.person
LEFT JOIN channel_names c ON c.channel_id = f.ao_id
WHERE f.day::TIMESTAMP AT TIME ZONE $timezone >= $since
    AND ($channel IS NULL OR f.ao_id = $channel)
ORDER BY f.day DESC, ao, member, f.user_id
