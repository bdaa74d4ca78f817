-- Questions, and the first reply to each by another person.
SELECT
    q.channel_id,
    q.ts,
    q.user_id,
    q.posted_at AS asked_at,
    min(r.posted_at) AS answered_at
FROM people_messages q
LEFT JOIN people_messages r
    ON r.channel_id = q.channel_id AND r.thread_ts = q.ts AND r.kind <> 'post'
    AND r.user_id <> q.user_id
WHERE q.is_question AND q.kind = 'post'
GROUP BY ALL
