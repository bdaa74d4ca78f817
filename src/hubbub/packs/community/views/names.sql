-- What a member or bot is called: the name they chose, else their full name, else their handle.
SELECT
    user_id,
    coalesce(u.display_name, u.real_name, u.name, p.display_name, p.real_name, p.name, user_id)
        AS name
FROM users u FULL JOIN profiles p USING (user_id)
