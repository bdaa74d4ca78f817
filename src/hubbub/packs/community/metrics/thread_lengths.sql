/*
title = "Thread lengths"
question = "How long do threads get?"

[parameters]
since = ""
channel = ""

[columns]
replies = { type = "integer", doc = "replies and broadcasts by people, the root left out", unit = "replies" }
threads = { type = "integer", doc = "threads of that length", unit = "threads" }
participants = { type = "number", doc = "people in them on average, the author of the root included", unit = "members" }
*/
SELECT replies, count(*) AS threads, avg(participants) AS participants
FROM threads
WHERE first_reply_at BETWEEN $since AND $as_of AND ($channel IS NULL OR channel_id = $channel)
GROUP BY replies
ORDER BY replies
