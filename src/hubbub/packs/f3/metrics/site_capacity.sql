/*
title = "Site capacity"
question = "Is it time for a new AO?"
note = "An AO is full where as many as the limit come on average. The trend compares with as long a time before."
members = "overlapping"

[parameters]
since = "56 days"
channel = ""
full_at = { default = 20, doc = "people whom one leader can look after" }

[columns]
ao_id = { type = "id", doc = "the AO's channel" }
ao = { type = "text", doc = "its name" }
beatdowns = { type = "integer", doc = "beatdowns there", unit = "beatdowns" }
average = { type = "number", doc = "people at a beatdown", unit = "people" }
largest = { type = "integer", doc = "people at the largest", unit = "people" }
at_limit = { type = "integer", doc = "beatdowns with as many as the limit or more", unit = "beatdowns" }
capacity = { type = "integer", doc = "the limit", unit = "people" }
percent = { type = "number", doc = "the average, of the limit", unit = "%" }
average_before = { type = "number", doc = "people at a beatdown in the time before; empty if there was none", unit = "people" }
trend = { type = "number", doc = "the average less that", unit = "people" }
is_full = { type = "flag", doc = "whether the average reaches the limit: time for a new AO" }
*/
WITH days AS (
    -- the first day whose begin lies in the window, and its last
    SELECT
        (($since - INTERVAL 1 microsecond) AT TIME ZONE $timezone)::DATE + 1 AS first,
        ($as_of AT TIME ZONE $timezone)::DATE AS last
), held AS (
    SELECT b.ao_id, b.count, CASE WHEN b.day >= d.first THEN 'now' ELSE 'before' END AS time
    FROM beatdowns b CROSS JOIN days d
    WHERE b.day BETWEEN d.first - (d.last - d.first + 1)::INTEGER AND d.last
        AND ($channel IS NULL OR b.ao_id = $channel)
), sites AS (
    SELECT
        ao_id,
        count(*) FILTER (time = 'now') AS beatdowns,
        avg(count) FILTER (time = 'now') AS average,
        max(count) FILTER (time = 'now') AS largest,
        count(*) FILTER (time = 'now' AND count >= $full_at) AS at_limit,
        avg(count) FILTER (time = 'before') AS average_before
    FROM held
    GROUP BY ao_id
)
SELECT
    s.ao_id, coalesce(c.name, s.ao_id) AS ao, s.beatdowns, s.average, s.largest, s.at_limit,
    $full_at::BIGINT AS capacity, 100 * s.average / $full_at AS percent, s.average_before,
    s.average - s.average_before AS trend, s.average >= $full_at AS is_full
FROM sites s
LEFT JOIN channel_names c ON c.channel_id = s.ao_id
WHERE s.beatdowns > 0
ORDER BY s.average DESC, ao, s.ao_id
