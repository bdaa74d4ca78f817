-- Whom records name: members who are tagged, and names that one account alone bears as handle, display
-- name or real name, in any case. Of other names user_id is null: somebody who is not registered.
WITH bearers AS (
    SELECT name, min(user_id) AS user_id FROM known_names GROUP BY name HAVING count(*) = 1
)
SELECT v.channel_id, v.ts, v.place, v.field, v.position,
    coalesce(v.member_id, b.user_id) AS user_id, v.name
FROM record_values v
LEFT JOIN bearers b ON v.kind = 'name' AND b.name = lower(trim(v.name))
WHERE v.kind IN ('member', 'name')
