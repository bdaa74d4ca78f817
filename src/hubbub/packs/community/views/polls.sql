-- Polls that apps have posted, and how much was voted in each: as the app tells, else by reactions.
SELECT
    r.channel_id,
    r.ts,
    r.place,
    m.posted_at,
    q.text AS question,
    count(o.option) AS options,
    sum(o.votes)::BIGINT AS votes,
    coalesce(bool_or(o.is_told), false) AS is_told
FROM records r
JOIN messages m ON m.channel_id = r.channel_id AND m.ts = r.ts AND m.deleted_at IS NULL
LEFT JOIN record_values q
    ON q.channel_id = r.channel_id AND q.ts = r.ts AND q.place = r.place AND q.field = 'question'
LEFT JOIN poll_options o
    ON o.channel_id = r.channel_id AND o.ts = r.ts AND o.place = r.place
WHERE r.template = 'poll' AND r.status <> 'refused'
GROUP BY ALL
