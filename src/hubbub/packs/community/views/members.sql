-- Persons with their name, place and the day that they joined.
SELECT
    p.user_id,
    coalesce(n.name, p.user_id) AS name,
    u.tz,
    z.country,
    z.iso,
    z.city,
    coalesce(u.is_deleted, false) AS is_deleted,
    coalesce(u.is_guest, false) AS is_guest,
    j.joined_at,
    j.first_seen_at
FROM people p
LEFT JOIN names n USING (user_id)
LEFT JOIN users u USING (user_id)
LEFT JOIN zones z ON z.tz = u.tz
LEFT JOIN joined j USING (user_id)
