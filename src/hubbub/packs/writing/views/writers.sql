-- Who is expected to hand in, and from which day on: those whom the workspace names, since the notice
-- that they entered a channel with submissions, or always where there is none; if it names nobody,
-- whoever has handed in, since their first submission or pass.
WITH entered AS (
    SELECT user_id, min(posted_at) AS came_at FROM messages
    SEMI JOIN (SELECT DISTINCT channel_id FROM handed_in) USING (channel_id)
    WHERE subtype IN ('channel_join', 'group_join') AND deleted_at IS NULL
    GROUP BY user_id
), handed AS (
    SELECT user_id, min(posted_at) AS came_at FROM handed_in GROUP BY user_id
), named AS (
    SELECT unnest(expected) AS user_id FROM writing_settings
), candidates AS (
    SELECT user_id, e.came_at FROM named LEFT JOIN entered e USING (user_id)
    UNION ALL
    SELECT user_id, came_at FROM handed WHERE NOT EXISTS (FROM named)
)
SELECT c.user_id, (c.came_at AT TIME ZONE s.timezone)::DATE AS since_day
FROM candidates c
CROSS JOIN writing_settings s
SEMI JOIN people p USING (user_id)
LEFT JOIN users u USING (user_id)
WHERE NOT coalesce(u.is_deleted, false) AND NOT list_contains(s.staff, c.user_id)
