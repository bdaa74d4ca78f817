-- Persons with their name and place. When they joined is in `joined`, which costs more.
SELECT
    p.user_id,
    coalesce(n.name, p.user_id) AS name,
    u.tz,
    z.country,
    z.iso,
    z.city,
    coalesce(u.is_deleted, false) AS is_deleted,
    coalesce(u.is_guest, false) AS is_guest,
    CASE WHEN u.is_deleted THEN 'deactivated' WHEN u.is_guest THEN 'guest' ELSE 'member' END AS class
FROM people p
LEFT JOIN names n USING (user_id)
LEFT JOIN users u USING (user_id)
LEFT JOIN zones z ON z.tz = u.tz
