-- Threads: their replies, who takes part (the root's author included), first and last reply.
-- A thread whose root is deleted or unknown is one too.
SELECT
    channel_id,
    coalesce(thread_ts, ts) AS thread_ts,
    count(*) FILTER (WHERE kind <> 'post') AS replies,
    count(DISTINCT user_id) AS participants,
    min(posted_at) FILTER (WHERE kind <> 'post') AS first_reply_at,
    max(posted_at) FILTER (WHERE kind <> 'post') AS last_reply_at
FROM people_messages
WHERE thread_ts IS NOT NULL OR kind = 'post'
GROUP BY ALL
HAVING count(*) FILTER (WHERE kind <> 'post') > 0
