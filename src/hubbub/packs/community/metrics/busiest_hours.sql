/*
title = "Busiest hours"
question = "On which weekdays and at what hours do people write?"
members = "members"
keys = ["weekday", "hour"]
shown = ["messages"]

[parameters]
since = ""
channel = ""

[columns]
weekday = { type = "integer", doc = "1 is Monday, 7 is Sunday" }
hour = { type = "integer", doc = "hour of the workspace's time zone, 0 to 23" }
messages = { type = "integer", doc = "posts, replies and broadcasts by people", unit = "messages" }
members = { type = "integer", doc = "members with a message", unit = "members" }
*/
SELECT w.weekday, h.hour, count(m.ts) AS messages, count(DISTINCT m.user_id) AS members
FROM range(1, 8) w(weekday)
CROSS JOIN range(24) h(hour)
LEFT JOIN (
    SELECT isodow(posted_at AT TIME ZONE $timezone) AS weekday,
        hour(posted_at AT TIME ZONE $timezone) AS hour, ts, user_id
    FROM messages_of_shown_days
    WHERE posted_at BETWEEN $since AND $as_of
        AND ($channel IS NULL OR channel_id = $channel)
) m ON m.weekday = w.weekday AND m.hour = h.hour
GROUP BY ALL
ORDER BY w.weekday, h.hour
