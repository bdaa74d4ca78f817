/*
title = "Personal data in messages"
question = "In which channels do people write personal data or secrets?"
note = "Counts what was taken out of texts, under policies that scrub them; the data itself is nowhere. UNREADABLE: texts that could not be looked through, and were dropped."
members = "overlapping"

[parameters]
since = ""
channel = ""

[columns]
channel_id = { type = "id", doc = "channel" }
channel = { type = "text", doc = "its name" }
kind = { type = "text", doc = "what was taken out: EMAIL, PHONE, CARD …" }
found = { type = "integer", doc = "how often", unit = "times" }
messages = { type = "integer", doc = "messages with it", unit = "messages" }
per_thousand = { type = "number", doc = "of each thousand messages of the channel, how many had it", unit = "‰" }
last_at = { type = "instant", doc = "the newest of them" }
members = { type = "integer", doc = "members who wrote it", unit = "members" }
*/
WITH said AS (
    SELECT channel_id, ts, posted_at, user_id FROM messages
    WHERE deleted_at IS NULL AND posted_at BETWEEN $since AND $as_of
    AND ($channel IS NULL OR channel_id = $channel)
), sizes AS (
    SELECT channel_id, count(*) AS messages FROM said GROUP BY channel_id
)
SELECT
    s.channel_id, c.name AS channel, a.kind, sum(a.found)::BIGINT AS found,
    count(*) AS messages, 1000 * count(*) / any_value(z.messages) AS per_thousand,
    max(s.posted_at) AS last_at, count(DISTINCT s.user_id) AS members
FROM alerts a
JOIN said s USING (channel_id, ts)
JOIN sizes z USING (channel_id)
JOIN channel_names c USING (channel_id)
GROUP BY s.channel_id, c.name, a.kind
ORDER BY messages DESC, channel, s.channel_id, a.kind
