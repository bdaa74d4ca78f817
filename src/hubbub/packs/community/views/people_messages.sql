-- "Messages" in a metric: posts, replies and broadcasts by a person, not deleted. Bots are told by
-- the message or by the directory; the few of the directory are left out by a list of them, which
-- costs less than to look every author up.
SELECT * FROM messages
WHERE kind <> 'system' AND deleted_at IS NULL
    AND bot_id IS NULL AND subtype IS DISTINCT FROM 'bot_message'
    AND user_id IS NOT NULL AND user_id NOT IN ('USLACKBOT', 'USLACK')
    AND user_id NOT IN (SELECT user_id FROM users WHERE is_bot)
