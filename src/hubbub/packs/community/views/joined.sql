-- When members joined: their first join notice, else their first message, else the first row of any
-- kind that names them: a notice, a reaction or a mention, at its message's time.
SELECT
    user_id,
    coalesce(
        min(moment) FILTER (WHERE sign = 'notice'),
        min(moment) FILTER (WHERE sign = 'message'),
        min(moment)
    ) AS joined_at,
    min(moment) AS first_seen_at
FROM (
    SELECT user_id, posted_at AS moment, 'notice' AS sign FROM messages
    WHERE subtype IN ('channel_join', 'group_join', 'team_join') AND deleted_at IS NULL
    UNION ALL
    SELECT user_id, posted_at, 'named' FROM messages WHERE deleted_at IS NULL
    UNION ALL
    SELECT user_id, posted_at, 'message' FROM people_messages
    UNION ALL
    SELECT r.user_id, m.posted_at, 'named' FROM reactions r JOIN messages m USING (channel_id, ts)
    UNION ALL
    SELECT n.user_id, m.posted_at, 'named' FROM mentions n JOIN messages m USING (channel_id, ts)
    WHERE n.user_id IS NOT NULL
)
WHERE user_id IS NOT NULL
GROUP BY user_id
