-- When members joined: their first join notice, else their first message, else the first row of any
-- kind that names them: a notice, a reaction or a mention, at its message's time. The last is looked
-- for only where the others are missing, since it costs the most.
WITH told AS (
    SELECT user_id, coalesce(min(noticed_at), min(wrote_at)) AS joined_at
    FROM (
        SELECT user_id, posted_at AS noticed_at, NULL AS wrote_at FROM messages
        -- notices are of the system; that they are is compared faster than three subtypes
        WHERE kind = 'system' AND subtype IN ('channel_join', 'group_join', 'team_join')
            AND deleted_at IS NULL AND user_id IS NOT NULL
        UNION ALL
        SELECT user_id, NULL, min(posted_at) FROM people_messages GROUP BY user_id
    )
    GROUP BY user_id
)
SELECT user_id, joined_at FROM told
UNION ALL
SELECT user_id, min(posted_at)
FROM (
    SELECT user_id, posted_at
    FROM (SELECT DISTINCT user_id FROM messages) ANTI JOIN told USING (user_id)
    JOIN messages USING (user_id)
    WHERE deleted_at IS NULL
    UNION ALL
    SELECT r.user_id, m.posted_at
    FROM (SELECT * FROM reactions ANTI JOIN told USING (user_id)) r
    JOIN messages m USING (channel_id, ts)
    UNION ALL
    SELECT n.user_id, m.posted_at
    FROM (SELECT * FROM mentions ANTI JOIN told USING (user_id) WHERE user_id IS NOT NULL) n
    JOIN messages m USING (channel_id, ts)
)
GROUP BY user_id
