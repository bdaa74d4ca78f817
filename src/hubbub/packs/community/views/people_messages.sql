-- "Messages" in a metric: posts, replies and broadcasts by a person, not deleted.
SELECT * FROM authored
WHERE kind <> 'system' AND deleted_at IS NULL AND user_id IS NOT NULL AND NOT is_bot
