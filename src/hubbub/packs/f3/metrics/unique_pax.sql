/*
title = "PAX by month"
question = "How many different people come each month?"
members = "overlapping"

[parameters]
since = "year"
channel = ""

[columns]
month = { type = "date", doc = "the first of the month" }
pax = { type = "integer", doc = "different people named in backblasts", unit = "people" }
posts = { type = "integer", doc = "people at the beatdowns, as reported, added up", unit = "posts" }
beatdowns = { type = "integer", doc = "beatdowns", unit = "beatdowns" }
fngs = { type = "integer", doc = "people who came for the first time, as reported", unit = "people" }
*/
WITH held AS (
    SELECT *, date_trunc('month', day)::DATE AS month FROM beatdowns
    WHERE day::TIMESTAMP AT TIME ZONE $timezone BETWEEN $since AND $as_of
        AND ($channel IS NULL OR ao_id = $channel)
), calendar AS (
    SELECT unnest(generate_series(
        min(month)::TIMESTAMP, max(month)::TIMESTAMP, INTERVAL 1 month
    ))::DATE AS month
    FROM held
), pax AS (
    SELECT month, count(DISTINCT person) AS pax
    FROM attendance JOIN held USING (channel_id, ts, place)
    GROUP BY month
), counts AS (
    SELECT month, sum(count)::BIGINT AS posts, count(*) AS beatdowns, sum(fng_count)::BIGINT AS fngs
    FROM held GROUP BY month
)
SELECT
    d.month, coalesce(p.pax, 0) AS pax, coalesce(h.posts, 0) AS posts,
    coalesce(h.beatdowns, 0) AS beatdowns, coalesce(h.fngs, 0) AS fngs
FROM calendar d
LEFT JOIN pax p USING (month)
LEFT JOIN counts h USING (month)
ORDER BY d.month
