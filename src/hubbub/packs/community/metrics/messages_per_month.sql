/*
title = "Messages per month"
question = "How much is said each month?"
members = "members"
keys = ["month"]
shown = ["messages"]

[parameters]
since = ""
channel = ""

[columns]
month = { type = "date", doc = "the first of the month, in the workspace's time zone" }
messages = { type = "integer", doc = "posts, replies and broadcasts by people; 0 where nobody wrote", unit = "messages" }
members = { type = "integer", doc = "members who wrote them", unit = "members" }
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
SELECT month, count(user_id) AS messages, count(DISTINCT user_id) AS members
FROM calendar LEFT JOIN said USING (month)
GROUP BY month
ORDER BY month
