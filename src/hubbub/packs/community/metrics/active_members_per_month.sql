/*
title = "Active members per month"
question = "How many members write each month?"
members = "members"
keys = ["month"]

[parameters]
since = ""
channel = ""

[columns]
month = { type = "date", doc = "the first of the month, in the workspace's time zone" }
members = { type = "integer", doc = "members with a message", unit = "members" }
*/
WITH said AS (
    SELECT date_trunc('month', posted_at AT TIME ZONE $timezone)::DATE AS month, user_id
    FROM people_messages
    WHERE posted_at BETWEEN $since AND $as_of
    AND ($channel IS NULL OR channel_id = $channel)
), calendar AS (
    SELECT unnest(generate_series(min(month)::TIMESTAMP, max(month)::TIMESTAMP, INTERVAL 1 month))::DATE AS month
    FROM said
)
SELECT month, count(DISTINCT user_id) AS members
FROM calendar LEFT JOIN said USING (month)
GROUP BY month
ORDER BY month
