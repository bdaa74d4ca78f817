-- When each id is named for the first time: by a message, a notice, a reaction or a mention, the
-- last two at their message's time.
SELECT user_id, min(posted_at) AS first_seen_at
FROM (
    SELECT user_id, posted_at FROM messages WHERE deleted_at IS NULL
    UNION ALL
    SELECT r.user_id, m.posted_at FROM reactions r JOIN messages m USING (channel_id, ts)
    UNION ALL
    SELECT n.user_id, m.posted_at FROM mentions n JOIN messages m USING (channel_id, ts)
)
WHERE user_id IS NOT NULL
GROUP BY user_id
