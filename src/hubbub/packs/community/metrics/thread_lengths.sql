/*
title = "Thread lengths"
question = "How long do threads get?"
members = "members"
shown = ["replies", "threads"]

[parameters]
since = ""
channel = ""

[columns]
replies = { type = "integer", doc = "replies and broadcasts by people, the root left out", unit = "replies" }
threads = { type = "integer", doc = "threads of that length", unit = "threads" }
participants = { type = "number", doc = "people in them on average, the author of the root included", unit = "members" }
members = { type = "integer", doc = "people in them in all", unit = "members" }
*/
WITH said AS (
    SELECT channel_id, coalesce(thread_ts, ts) AS thread_ts, user_id, kind, posted_at
    FROM people_messages
    WHERE (thread_ts IS NOT NULL OR kind = 'post') AND posted_at <= $as_of
        AND ($channel IS NULL OR channel_id = $channel)
), lengths AS (
    SELECT channel_id, thread_ts,
        count(*) FILTER (WHERE kind <> 'post') AS replies,
        count(DISTINCT user_id) AS participants
    FROM said
    GROUP BY channel_id, thread_ts
    HAVING min(posted_at) FILTER (WHERE kind <> 'post') >= $since
), people AS (
    SELECT replies, count(DISTINCT user_id) AS members
    FROM lengths JOIN said USING (channel_id, thread_ts)
    GROUP BY replies
)
SELECT replies, count(*) AS threads, avg(participants) AS participants,
    any_value(members) AS members
FROM lengths JOIN people USING (replies)
GROUP BY replies
ORDER BY replies
