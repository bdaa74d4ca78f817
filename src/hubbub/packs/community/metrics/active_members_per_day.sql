/*
title = "Active members per day"
question = "How many members write each day?"
members = "members"
keys = ["day"]

[parameters]
since = ""
channel = ""

[columns]
day = { type = "date", doc = "day, in the workspace's time zone" }
members = { type = "integer", doc = "members with a message", unit = "members" }
*/
WITH said AS (
    SELECT date_trunc('day', posted_at AT TIME ZONE $timezone)::DATE AS day, user_id
    FROM people_messages
    WHERE posted_at BETWEEN $since AND $as_of
    AND ($channel IS NULL OR channel_id = $channel)
), calendar AS (
    SELECT unnest(generate_series(min(day)::TIMESTAMP, max(day)::TIMESTAMP, INTERVAL 1 day))::DATE AS day
    FROM said
)
SELECT day, count(DISTINCT user_id) AS members
FROM calendar LEFT JOIN said USING (day)
GROUP BY day
ORDER BY day
