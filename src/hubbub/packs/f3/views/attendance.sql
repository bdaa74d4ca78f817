-- Everyone who was at a beatdown, once: the leader (q), co-leaders (coq), first-timers (fng) and all
-- others (pax); who is named as several of these is the first. `person` tells persons apart: the id
-- of a member, the name of who is not registered; NULL where a policy keeps no names.
WITH named AS (
    SELECT
        b.channel_id, b.ts, b.place, b.ao_id, b.day, p.user_id, p.name, p.field, p.position,
        coalesce(p.user_id, lower(trim(p.name))) AS person,
        CASE
            WHEN p.field = 'q' AND p.position = min(p.position) OVER (
                PARTITION BY p.channel_id, p.ts, p.place, p.field
            ) THEN 1
            WHEN p.field IN ('q', 'coq') THEN 2
            WHEN p.field = 'fngs' THEN 3
            ELSE 4
        END AS role
    FROM beatdowns b
    JOIN record_people p USING (channel_id, ts, place)
    WHERE p.field IN ('q', 'coq', 'pax', 'fngs')
        AND (p.user_id IS NULL OR p.user_id NOT IN (SELECT user_id FROM users WHERE is_bot))
)
SELECT
    a.channel_id, a.ts, a.place, a.ao_id, a.day, a.user_id,
    coalesce(n.name, a.name, a.user_id) AS name,
    ['q', 'coq', 'fng', 'pax'][a.role] AS role,
    a.user_id IS NOT NULL AS is_registered,
    a.person
FROM named a
LEFT JOIN names n USING (user_id)
QUALIFY row_number() OVER (
    PARTITION BY a.channel_id, a.ts, a.place, coalesce(a.person, a.field || a.position)
    ORDER BY a.role, a.position
) = 1
