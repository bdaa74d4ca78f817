/*
title = "Active members per week"
question = "How many members write each week?"
members = "members"
keys = ["week"]

[parameters]
since = ""
channel = ""

[columns]
week = { type = "date", doc = "the Monday of the week, in the workspace's time zone" }
members = { type = "integer", doc = "members with a message", unit = "members" }
*/
WITH said AS (
    SELECT date_trunc('week', posted_at AT TIME ZONE $timezone)::DATE AS week, user_id
    FROM people_messages
    WHERE posted_at BETWEEN $since AND $as_of
    AND ($channel IS NULL OR channel_id = $channel)
), calendar AS (
    SELECT unnest(generate_series(min(week)::TIMESTAMP, max(week)::TIMESTAMP, INTERVAL 1 week))::DATE AS week
    FROM said
)
SELECT week, count(DISTINCT user_id) AS members
FROM calendar LEFT JOIN said USING (week)
GROUP BY week
ORDER BY week
