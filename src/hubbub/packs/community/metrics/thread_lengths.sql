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
WITH lengths AS (
    SELECT count(*) FILTER (WHERE kind <> 'post') AS replies,
        count(DISTINCT user_id) AS participants,
        list(DISTINCT user_id) AS people,
        min(posted_at) FILTER (WHERE kind <> 'post') AS first_reply_at
    FROM people_messages
    WHERE (thread_ts IS NOT NULL OR kind = 'post') AND posted_at <= $as_of
        AND ($channel IS NULL OR channel_id = $channel)
    GROUP BY channel_id, coalesce(thread_ts, ts)
)
SELECT replies, count(*) AS threads, avg(participants) AS participants,
    len(list_distinct(flatten(list(people)))) AS members
FROM lengths
WHERE first_reply_at >= $since
GROUP BY replies
ORDER BY replies
