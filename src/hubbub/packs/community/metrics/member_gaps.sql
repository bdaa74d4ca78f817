/*
title = "Gaps between a member's messages"
question = "How long is a member silent, over all channels?"
members = "one"

[parameters]
since = ""
channel = ""

[columns]
channel_id = { type = "id", doc = "channel" }
channel = { type = "text", doc = "its name" }
ts = { type = "id", doc = "the message" }
posted_at = { type = "instant", doc = "when" }
user_id = { type = "id", doc = "author" }
member = { type = "text", doc = "their name" }
seconds = { type = "number", doc = "since the author's previous message in any channel; empty for the first", unit = "seconds" }
*/
WITH gaps AS (
    SELECT *, date_diff('microsecond', lag(posted_at) OVER previous, posted_at) / 1e6 AS seconds
    FROM people_messages
    WHERE true
    WINDOW previous AS (PARTITION BY user_id ORDER BY posted_at, channel_id)
)
SELECT
    g.channel_id, c.name AS channel, g.ts, g.posted_at,
    g.user_id, coalesce(n.name, g.user_id) AS member, g.seconds
FROM gaps g
JOIN channel_names c USING (channel_id)
LEFT JOIN names n USING (user_id)
WHERE g.posted_at BETWEEN $since AND $as_of
    AND ($channel IS NULL OR g.channel_id = $channel)
ORDER BY g.user_id, g.posted_at, g.channel_id
