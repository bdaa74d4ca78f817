-- What members give: posts, comments (replies, broadcasts too), and reactions to messages of others,
-- which have their message's time.
SELECT
    CASE kind WHEN 'post' THEN 'posts' ELSE 'comments' END AS award,
    channel_id, user_id, posted_at AS moment
FROM people_messages
UNION ALL
SELECT 'reactions', r.channel_id, r.user_id, m.posted_at
FROM reactions r
JOIN messages m USING (channel_id, ts)
SEMI JOIN people p ON p.user_id = r.user_id
WHERE m.deleted_at IS NULL AND r.user_id IS DISTINCT FROM m.user_id
