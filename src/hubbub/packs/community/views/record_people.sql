-- Whom records name: members who are tagged, and names that one account alone bears as handle, display
-- name or real name, in any case. Of other names user_id is null: somebody who is not registered.
WITH bearers AS (
    SELECT called, min(user_id) AS user_id
    FROM (
        SELECT user_id, lower(trim(unnest([name, display_name, real_name]))) AS called
        FROM (
            SELECT user_id, name, display_name, real_name FROM users
            UNION ALL
            SELECT user_id, name, display_name, real_name FROM profiles ANTI JOIN users USING (user_id)
        )
    )
    WHERE called <> ''
    GROUP BY called
    HAVING count(DISTINCT user_id) = 1
)
SELECT v.channel_id, v.ts, v.place, v.field, v.position,
    coalesce(v.member_id, b.user_id) AS user_id, v.name
FROM record_values v
LEFT JOIN bearers b ON v.kind = 'name' AND b.called = lower(trim(v.name))
WHERE v.kind IN ('member', 'name')
