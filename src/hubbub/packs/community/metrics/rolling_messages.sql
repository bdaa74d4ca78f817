/*
title = "Messages in the last 30 days"
question = "Does the talk grow or fade?"
members = "overlapping"

[parameters]
since = ""
channel = ""

[columns]
day = { type = "date", doc = "day of the workspace's time zone" }
messages = { type = "integer", doc = "messages of this day and the 29 before it", unit = "messages" }
members = { type = "integer", doc = "members with a message in those 30 days", unit = "members" }
*/
WITH said AS (
    SELECT (posted_at AT TIME ZONE $timezone)::DATE AS day, user_id, count(*) AS messages
    FROM people_messages
    WHERE posted_at <= $as_of
    AND ($channel IS NULL OR channel_id = $channel)
    GROUP BY ALL
), calendar AS (
    SELECT unnest(generate_series(
        greatest(min(day), ($since AT TIME ZONE $timezone)::DATE)::TIMESTAMP, max(day)::TIMESTAMP, INTERVAL 1 day))::DATE
        AS day
    FROM said
)
SELECT c.day, coalesce(sum(s.messages), 0)::BIGINT AS messages,
    count(DISTINCT s.user_id) AS members
FROM calendar c LEFT JOIN said s ON s.day BETWEEN c.day - 29 AND c.day
GROUP BY c.day
ORDER BY c.day
