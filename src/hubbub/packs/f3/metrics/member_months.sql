/*
title = "Posts by month"
question = "How often was each member at which AO, month by month?"
note = "A month without a post is a row without an AO, so that gaps are seen."
members = "one"

[parameters]
since = "year"
channel = ""
member = ""

[columns]
user_id = { type = "id", doc = "who; empty for a name that is no member's" }
member = { type = "text", doc = "their name" }
month = { type = "date", doc = "the first of the month" }
ao_id = { type = "id", doc = "where: the AO's channel; empty in a month without posts" }
ao = { type = "text", doc = "its name" }
posts = { type = "integer", doc = "beatdowns there that they were at", unit = "posts" }
*/
WITH posts AS (
    SELECT
        person, user_id, ao_id, date_trunc('month', day)::DATE AS month,
        max(name) AS name, count(*) AS posts
    FROM attendance
    WHERE day::TIMESTAMP AT TIME ZONE $timezone BETWEEN $since AND $as_of
        AND person IS NOT NULL
        AND ($channel IS NULL OR ao_id = $channel)
    GROUP BY ALL
), calendar AS (
    SELECT unnest(generate_series(
        min(month)::TIMESTAMP,
        date_trunc('month', $as_of AT TIME ZONE $timezone),
        INTERVAL 1 month
    ))::DATE AS month
    FROM posts
), members AS (
    SELECT person, user_id, max(name) AS member, sum(posts) AS all_posts
    FROM posts
    WHERE $member IS NULL OR user_id = $member
    GROUP BY person, user_id
)
SELECT
    m.user_id, m.member, d.month, p.ao_id, coalesce(c.name, p.ao_id) AS ao,
    coalesce(p.posts, 0) AS posts
FROM members m
CROSS JOIN calendar d
LEFT JOIN posts p ON p.person = m.person AND p.month = d.month
LEFT JOIN channel_names c ON c.channel_id = p.ao_id
ORDER BY m.all_posts DESC, m.member, m.person, d.month, posts DESC, ao
