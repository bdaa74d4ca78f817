-- Persons: human accounts of the directory, and human authors that it does not know.
SELECT user_id FROM users WHERE NOT is_bot
UNION ALL
SELECT DISTINCT user_id FROM messages
JOIN (SELECT DISTINCT user_id FROM messages EXCEPT SELECT user_id FROM users) USING (user_id)
WHERE deleted_at IS NULL AND user_id NOT IN ('USLACKBOT', 'USLACK')
    -- on system rows a bot_id says nothing
    AND (kind = 'system' OR (bot_id IS NULL AND subtype IS DISTINCT FROM 'bot_message'))
