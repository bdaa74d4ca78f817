-- Every name that a member or bot goes by: handle, chosen name and full name, as people type them
-- and without differences of case.
SELECT DISTINCT user_id, lower(trim(name)) AS name
FROM (
    SELECT user_id, unnest([name, display_name, real_name]) AS name FROM users
    UNION ALL
    SELECT user_id, unnest([name, display_name, real_name]) AS name FROM profiles
)
WHERE trim(name) <> ''
