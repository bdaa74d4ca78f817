/*
title = "Kotters"
question = "Who used to come, and has been missing for weeks?"
note = "Members with at least so many posts in the weeks before, and none in the weeks of absence. Who has been away for longer than both is no longer listed. `--channel` for those whose most posts were at one AO."
members = "one"

[parameters]
channel = ""
absent_weeks = { default = 3, doc = "weeks up to as-of without a post" }
active_weeks = { default = 8, doc = "weeks before these in which they came" }
at_least = { default = 3, doc = "posts in the active weeks" }

[columns]
user_id = { type = "id", doc = "who" }
member = { type = "text", doc = "their name" }
last_day = { type = "date", doc = "their newest post" }
weeks_absent = { type = "integer", doc = "whole weeks since then", unit = "weeks" }
posts = { type = "integer", doc = "posts in the active weeks", unit = "posts" }
ao_id = { type = "id", doc = "the AO with most of them, the later one of equals" }
ao = { type = "text", doc = "its name" }
last_leader = { type = "text", doc = "who led when they were last there" }
*/
WITH today AS (
    SELECT ($as_of AT TIME ZONE $timezone)::DATE AS day
), active AS (
    SELECT a.*
    FROM attendance a CROSS JOIN today t
    WHERE a.day <= t.day - (7 * $absent_weeks)::INTEGER
        AND a.day > t.day - (7 * ($absent_weeks + $active_weeks))::INTEGER
        AND a.user_id NOT IN (SELECT user_id FROM users WHERE is_deleted)
), back AS (
    SELECT DISTINCT a.user_id
    FROM attendance a CROSS JOIN today t
    WHERE a.day > t.day - (7 * $absent_weeks)::INTEGER AND a.day <= t.day
), favourites AS (
    SELECT user_id, ao_id FROM active
    GROUP BY user_id, ao_id
    QUALIFY row_number() OVER (PARTITION BY user_id ORDER BY count(*) DESC, max(day) DESC, ao_id)
        = 1
), last_posts AS (
    SELECT user_id, channel_id, ts, place FROM active
    QUALIFY row_number() OVER (PARTITION BY user_id ORDER BY day DESC, ts DESC, channel_id, place)
        = 1
), missing AS (
    SELECT
        user_id, max(name) AS member, max(day) AS last_day, count(*) AS posts
    FROM active ANTI JOIN back USING (user_id)
    GROUP BY user_id
    HAVING count(*) >= $at_least
)
SELECT
    m.user_id, m.member, m.last_day, (t.day - m.last_day) // 7 AS weeks_absent, m.posts, f.ao_id,
    coalesce(c.name, f.ao_id) AS ao, b.q_name AS last_leader
FROM missing m
CROSS JOIN today t
JOIN favourites f USING (user_id)
JOIN last_posts l USING (user_id)
JOIN beatdowns b ON b.channel_id = l.channel_id AND b.ts = l.ts AND b.place = l.place
LEFT JOIN channel_names c ON c.channel_id = f.ao_id
WHERE $channel IS NULL OR f.ao_id = $channel
ORDER BY m.posts DESC, m.last_day DESC, m.member, m.user_id
