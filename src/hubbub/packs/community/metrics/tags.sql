/*
title = "Mentions and links"
question = "Whom and what do messages point to?"
members = "one"

[parameters]
since = ""
channel = ""

[columns]
channel_id = { type = "id", doc = "channel" }
channel = { type = "text", doc = "its name" }
ts = { type = "id", doc = "the message" }
posted_at = { type = "instant", doc = "when" }
user_id = { type = "id", doc = "author" }
member = { type = "text", doc = "their name" }
position = { type = "integer", doc = "place among the text's tokens, from 1" }
kind = { type = "text", doc = "user, channel, subteam, broadcast or link" }
target_id = { type = "id", doc = "what it points to: an id, here/channel/everyone, or the link" }
target = { type = "text", doc = "its name, where there is one" }
*/
SELECT
    m.channel_id, c.name AS channel, m.ts, m.posted_at, m.user_id,
    coalesce(a.name, m.user_id) AS member, t.position, t.kind, t.target_id,
    coalesce(n.name, h.name, g.handle, t.target_id) AS target
FROM people_messages m
JOIN (
    SELECT channel_id, ts, position, kind,
        coalesce(user_id, mentioned_channel_id, target) AS target_id
    FROM mentions
    UNION ALL
    SELECT channel_id, ts, position, 'link', coalesce(url, domain, scheme) FROM links
) t USING (channel_id, ts)
JOIN channel_names c USING (channel_id)
LEFT JOIN names a ON a.user_id = m.user_id
LEFT JOIN names n ON t.kind = 'user' AND n.user_id = t.target_id
LEFT JOIN channel_names h ON t.kind = 'channel' AND h.channel_id = t.target_id
LEFT JOIN user_groups g ON t.kind = 'subteam' AND g.group_id = t.target_id
WHERE m.posted_at BETWEEN $since AND $as_of
    AND ($channel IS NULL OR m.channel_id = $channel)
ORDER BY m.posted_at, m.channel_id, m.ts, t.position
