-- Messages with what is known of their author: whether a bot wrote them, and a person.
SELECT
    m.*,
    m.bot_id IS NOT NULL OR m.subtype IS NOT DISTINCT FROM 'bot_message'
        OR coalesce(u.is_bot, m.user_id IN ('USLACKBOT', 'USLACK'), false) AS is_bot
FROM messages m LEFT JOIN users u ON u.user_id = m.user_id
