/*
title = "AOs"
question = "How much goes on at each AO?"
members = "overlapping"

[parameters]
since = "year"
channel = ""

[columns]
ao_id = { type = "id", doc = "the AO's channel" }
ao = { type = "text", doc = "its name" }
beatdowns = { type = "integer", doc = "beatdowns there", unit = "beatdowns" }
posts = { type = "integer", doc = "people at them, as reported, added up", unit = "posts" }
pax = { type = "integer", doc = "different people named in their backblasts", unit = "people" }
average = { type = "number", doc = "people at a beatdown", unit = "people" }
leaders = { type = "integer", doc = "different leaders", unit = "people" }
fngs = { type = "integer", doc = "people who came for the first time, as reported", unit = "people" }
last_day = { type = "date", doc = "the newest beatdown" }
*/
WITH held AS (
    SELECT * FROM beatdowns
    WHERE day::TIMESTAMP AT TIME ZONE $timezone BETWEEN $since AND $as_of
        AND ($channel IS NULL OR ao_id = $channel)
), people AS (
    SELECT
        a.ao_id, count(DISTINCT a.person) AS pax,
        count(DISTINCT a.person) FILTER (a.role = 'q') AS leaders
    FROM attendance a SEMI JOIN held h USING (channel_id, ts, place)
    GROUP BY a.ao_id
)
SELECT
    h.ao_id, coalesce(any_value(c.name), h.ao_id) AS ao, count(*) AS beatdowns,
    sum(h.count)::BIGINT AS posts, coalesce(any_value(p.pax), 0) AS pax, avg(h.count) AS average,
    coalesce(any_value(p.leaders), 0) AS leaders, sum(h.fng_count)::BIGINT AS fngs, max(h.day) AS last_day
FROM held h
LEFT JOIN people p USING (ao_id)
LEFT JOIN channel_names c ON c.channel_id = h.ao_id
GROUP BY h.ao_id
ORDER BY posts DESC, ao, h.ao_id
