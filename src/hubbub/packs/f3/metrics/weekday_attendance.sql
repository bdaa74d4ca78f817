/*
title = "Attendance by weekday"
question = "On which weekdays do most people come?"
members = "overlapping"

[parameters]
since = "365 days"
channel = ""

[columns]
weekday = { type = "integer", doc = "1 for Monday to 7 for Sunday" }
name = { type = "text", doc = "its English name" }
beatdowns = { type = "integer", doc = "beatdowns on it", unit = "beatdowns" }
posts = { type = "integer", doc = "people at them, as reported, added up", unit = "posts" }
average = { type = "number", doc = "people at a beatdown", unit = "people" }
largest = { type = "integer", doc = "people at the largest", unit = "people" }
*/
WITH held AS (
    SELECT isodow(day) AS weekday, count FROM beatdowns
    WHERE day::TIMESTAMP AT TIME ZONE $timezone BETWEEN $since AND $as_of
        AND ($channel IS NULL OR ao_id = $channel)
), week AS (
    SELECT unnest(range(1, 8)) AS weekday WHERE EXISTS (FROM held)
)
SELECT
    w.weekday,
    ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'][w.weekday]
        AS name,
    count(h.weekday) AS beatdowns,
    coalesce(sum(h.count), 0)::BIGINT AS posts,
    avg(h.count) AS average,
    max(h.count) AS largest
FROM week w
LEFT JOIN held h USING (weekday)
GROUP BY w.weekday
ORDER BY w.weekday
