/*
title = "Posts of members"
question = "How often was each member at a workout this week, this month and this year?"
note = "A post is a beatdown that somebody was at. Week, month and year are those that `--as-of` lies in."
members = "one"

[parameters]
channel = ""
member = ""

[columns]
user_id = { type = "id", doc = "who; empty for a name that is no member's" }
member = { type = "text", doc = "their name" }
this_week = { type = "integer", doc = "posts since Monday", unit = "posts" }
this_month = { type = "integer", doc = "posts since the first of the month", unit = "posts" }
this_year = { type = "integer", doc = "posts since January 1st", unit = "posts" }
all_time = { type = "integer", doc = "all posts", unit = "posts" }
led = { type = "integer", doc = "of those of this year, as the leader", unit = "beatdowns" }
ao_id = { type = "id", doc = "the AO with most of this year's posts, the later one of equals" }
ao = { type = "text", doc = "its name" }
ao_posts = { type = "integer", doc = "posts of this year there", unit = "posts" }
first_day = { type = "date", doc = "the first post" }
last_day = { type = "date", doc = "the newest post" }
*/
WITH today AS (
    SELECT ($as_of AT TIME ZONE $timezone)::DATE AS day
), posts AS (
    SELECT a.*, a.day >= date_trunc('year', t.day) AS is_of_year, t.day AS today
    FROM attendance a CROSS JOIN today t
    WHERE a.person IS NOT NULL
        AND a.day <= t.day
        AND ($channel IS NULL OR a.ao_id = $channel)
        AND ($member IS NULL OR a.user_id = $member)
), favourites AS (
    SELECT person, ao_id, count(*) AS posts
    FROM posts WHERE is_of_year
    GROUP BY person, ao_id
    QUALIFY row_number() OVER (PARTITION BY person ORDER BY count(*) DESC, max(day) DESC, ao_id) = 1
)
SELECT
    p.user_id,
    max(p.name) AS member,
    count(*) FILTER (p.day >= date_trunc('week', p.today)) AS this_week,
    count(*) FILTER (p.day >= date_trunc('month', p.today)) AS this_month,
    count(*) FILTER (p.is_of_year) AS this_year,
    count(*) AS all_time,
    count(*) FILTER (p.is_of_year AND p.role = 'q') AS led,
    any_value(f.ao_id) AS ao_id,
    any_value(coalesce(c.name, f.ao_id)) AS ao,
    any_value(f.posts) AS ao_posts,
    min(p.day) AS first_day,
    max(p.day) AS last_day
FROM posts p
LEFT JOIN favourites f USING (person)
LEFT JOIN channel_names c ON c.channel_id = f.ao_id
GROUP BY p.person, p.user_id
ORDER BY this_year DESC, all_time DESC, member, p.person
