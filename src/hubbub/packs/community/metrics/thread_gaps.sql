/*
title = "Gaps in threads"
question = "How long does the next message of a thread take?"
members = "one"

[parameters]
since = ""
channel = ""

[columns]
channel_id = { type = "id", doc = "channel" }
channel = { type = "text", doc = "its name" }
thread_ts = { type = "id", doc = "the thread" }
ts = { type = "id", doc = "the message" }
posted_at = { type = "instant", doc = "when" }
user_id = { type = "id", doc = "author" }
member = { type = "text", doc = "their name" }
seconds = { type = "number", doc = "since the previous message in the thread, the root first; empty for the first", unit = "seconds" }
*/
WITH gaps AS (
    SELECT *, date_diff('microsecond', lag(posted_at) OVER previous, posted_at) / 1e6 AS seconds
    FROM (
        SELECT * REPLACE (coalesce(thread_ts, ts) AS thread_ts) FROM people_messages
        WHERE thread_ts IS NOT NULL OR kind = 'post')
    SEMI JOIN (SELECT * FROM threads WHERE first_reply_at <= $as_of) USING (channel_id, thread_ts)
    WHERE true
    WINDOW previous AS (PARTITION BY channel_id, thread_ts ORDER BY posted_at, channel_id)
)
SELECT
    g.channel_id, c.name AS channel, g.thread_ts, g.ts, g.posted_at,
    g.user_id, coalesce(n.name, g.user_id) AS member, g.seconds
FROM gaps g
JOIN channel_names c USING (channel_id)
LEFT JOIN names n USING (user_id)
WHERE g.posted_at BETWEEN $since AND $as_of
    AND ($channel IS NULL OR g.channel_id = $channel)
ORDER BY g.channel_id, g.thread_ts, g.posted_at
