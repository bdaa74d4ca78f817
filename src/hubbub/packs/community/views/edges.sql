-- Who acts on whom: one row an act; see docs/metrics.md for the direction of each relation.
SELECT 'posts' AS relation, channel_id, user_id AS source, channel_id AS target, posted_at AS moment
FROM people_messages WHERE kind = 'post'
UNION ALL
SELECT 'replies', r.channel_id, r.user_id, root.user_id, r.posted_at
-- the replies last: they are the fewer, by which DuckDB looks the roots up, and not the other way round
FROM people_messages root
JOIN people_messages r ON root.channel_id = r.channel_id AND root.ts = r.thread_ts
WHERE r.kind <> 'post' AND r.user_id <> root.user_id
UNION ALL
SELECT 'reacts', x.channel_id, x.user_id, m.user_id, m.posted_at
FROM reactions x
JOIN people_messages m USING (channel_id, ts)
JOIN people p ON p.user_id = x.user_id
WHERE x.user_id <> m.user_id
UNION ALL
SELECT 'mentions', m.channel_id, m.user_id, n.user_id, m.posted_at
FROM people_messages m
JOIN mentions n USING (channel_id, ts)
JOIN people p ON p.user_id = n.user_id
WHERE n.kind = 'user' AND n.user_id <> m.user_id
