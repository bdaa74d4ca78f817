/*
title = "Channels rising and falling"
question = "In which channels is more said than in the time before, and in which less?"
note = "The time before is as long as the window, and ends where it begins."
members = "overlapping"

[parameters]
since = "30 days"
channel = ""

[columns]
channel_id = { type = "id", doc = "channel" }
channel = { type = "text", doc = "its name" }
messages = { type = "integer", doc = "posts, replies and broadcasts by people", unit = "messages" }
messages_before = { type = "integer", doc = "in the time before", unit = "messages" }
change = { type = "integer", doc = "how many more; below zero, fewer", unit = "messages" }
change_percent = { type = "number", doc = "the same as a share of those before; empty where there were none", unit = "%" }
trend = { type = "text", doc = "rising, falling or steady" }
members = { type = "integer", doc = "members who wrote in the window", unit = "members" }
*/
WITH counted AS (
    SELECT
        channel_id,
        count(*) FILTER (WHERE posted_at >= $since) AS messages,
        count(*) FILTER (WHERE posted_at < $since) AS messages_before,
        count(DISTINCT user_id) FILTER (WHERE posted_at >= $since) AS members
    FROM people_messages
    WHERE posted_at >= $since - to_microseconds(date_diff('microsecond', $since, $as_of))
        AND posted_at <= $as_of
        AND ($channel IS NULL OR channel_id = $channel)
    GROUP BY channel_id
)
SELECT
    channel_id, c.name AS channel, messages, messages_before,
    messages - messages_before AS change,
    100 * (messages - messages_before) / nullif(messages_before, 0) AS change_percent,
    CASE sign(messages - messages_before) WHEN 1 THEN 'rising' WHEN -1 THEN 'falling'
        ELSE 'steady' END AS trend,
    members
FROM counted JOIN channel_names c USING (channel_id)
ORDER BY abs(messages - messages_before) DESC, channel, channel_id
