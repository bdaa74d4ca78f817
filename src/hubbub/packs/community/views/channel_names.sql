-- What a channel is called; a channel that no list names is called by its id.
SELECT channel_id, coalesce(c.name, channel_id) AS name, c.kind
FROM (SELECT DISTINCT channel_id FROM messages UNION SELECT channel_id FROM channels)
LEFT JOIN channels c USING (channel_id)
