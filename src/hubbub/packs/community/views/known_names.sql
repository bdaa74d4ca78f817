-- Every name that a member or bot goes by: handle, display name and real name, as people type them and
-- without differences of case. What the directory says comes before what a message carries.
SELECT DISTINCT user_id, name
FROM (
    SELECT user_id, lower(trim(unnest([name, display_name, real_name]))) AS name
    FROM (
        SELECT user_id, name, display_name, real_name FROM users
        UNION ALL
        SELECT user_id, name, display_name, real_name FROM profiles ANTI JOIN users USING (user_id)
    )
)
WHERE name <> ''
