/*
title = "Recent activity"
question = "Who said what just now?"
members = "one"

[parameters]
since = ""
channel = ""
most = { default = 30, doc = "so many messages at most" }

[columns]
posted_at = { type = "instant", doc = "when" }
channel_id = { type = "id", doc = "channel" }
channel = { type = "text", doc = "its name" }
ts = { type = "id", doc = "the message" }
user_id = { type = "id", doc = "member" }
member = { type = "text", doc = "their name" }
kind = { type = "text", doc = "post, reply or broadcast" }
text = { type = "markup", doc = "what was said, where the policy keeps it" }
permalink = { type = "text", doc = "where it is in Slack; empty where only archives were imported" }
profile = { type = "text", doc = "the member in Slack; empty there too, and for pseudonyms" }
*/
WITH newest AS (
    SELECT channel_id, ts, posted_at
    FROM people_messages
    WHERE posted_at BETWEEN $since AND $as_of
        AND ($channel IS NULL OR channel_id = $channel)
    ORDER BY posted_at DESC, channel_id, ts
    LIMIT $most
)
SELECT
    m.posted_at, m.channel_id, c.name AS channel, m.ts,
    m.user_id, coalesce(n.name, m.user_id) AS member, m.kind, m.text, l.permalink, p.profile
-- texts are read of the newest alone: their instants tell where they lie
FROM newest JOIN messages m USING (posted_at, channel_id, ts)
JOIN channel_names c USING (channel_id)
JOIN permalinks l USING (channel_id, ts)
LEFT JOIN names n USING (user_id)
LEFT JOIN profile_links p USING (user_id)
ORDER BY m.posted_at DESC, m.channel_id, m.ts
