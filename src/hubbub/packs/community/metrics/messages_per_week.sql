/*
title = "Messages per week"
question = "How much is said each week?"
members = "members"
keys = ["week"]
shown = ["messages"]

[parameters]
since = ""
channel = ""

[columns]
week = { type = "date", doc = "the Monday of the week, in the workspace's time zone" }
messages = { type = "integer", doc = "posts, replies and broadcasts by people; 0 where nobody wrote", unit = "messages" }
members = { type = "integer", doc = "members who wrote them", unit = "members" }
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
SELECT week, count(user_id) AS messages, count(DISTINCT user_id) AS members
FROM calendar LEFT JOIN said USING (week)
GROUP BY week
ORDER BY week
