/*
title = "Messages per day"
question = "How much is said each day?"
members = "members"
keys = ["day"]
shown = ["messages"]

[parameters]
since = ""
channel = ""

[columns]
day = { type = "date", doc = "day, in the workspace's time zone" }
messages = { type = "integer", doc = "posts, replies and broadcasts by people; 0 where nobody wrote", unit = "messages" }
members = { type = "integer", doc = "members who wrote them", unit = "members" }
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
SELECT day, count(user_id) AS messages, count(DISTINCT user_id) AS members
FROM calendar LEFT JOIN said USING (day)
GROUP BY day
ORDER BY day
