/*
title = "Deliveries"
question = "Who was sent what by Slack, and who was not, and why?"
note = "A letter in the state sending may have been sent: whoever sends the report again looks first."
members = "one"

[parameters]
since = ""
member = ""
channel = ""

[columns]
changed_at = { type = "instant", doc = "when it was sent, or came to its state" }
report = { type = "text", doc = "the report" }
period = { type = "text", doc = "what it is about: 2026-10, 2026-W47, round-7, once" }
user_id = { type = "id", doc = "the member whom it is for" }
channel_id = { type = "id", doc = "the channel that it is for" }
recipient = { type = "text", doc = "their name" }
state = { type = "text", doc = "sent, skipped, failed; sending: not known whether it was sent" }
reason = { type = "text", doc = "why it was skipped or failed" }
pictures = { type = "integer", doc = "pictures in it", unit = "pictures" }
*/
SELECT
    d.changed_at, d.report, d.period, d.user_id, d.channel_id,
    coalesce(n.name, d.user_id, '#' || c.name, d.channel_id) AS recipient,
    d.state, d.reason, d.pictures
FROM deliveries d
LEFT JOIN names n USING (user_id)
LEFT JOIN channel_names c USING (channel_id)
WHERE d.changed_at BETWEEN $since AND $as_of
    AND ($member IS NULL OR d.user_id = $member)
    AND ($channel IS NULL OR d.channel_id = $channel)
ORDER BY d.changed_at DESC, recipient, d.report, d.period, d.delivery
