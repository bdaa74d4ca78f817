/*
title = "Strongest ties"
question = "Which members have the most to do with each other?"
note = "A tie is all that one member does towards another: replies to their threads, reactions to their messages, mentions of them. Both directions of a pair are ties of their own."
members = "one"

[parameters]
since = "30 days"
channel = ""
most = { default = 150, doc = "so many ties at most" }

[columns]
source_id = { type = "id", doc = "who acts" }
source = { type = "text", doc = "their name" }
source_class = { type = "text", doc = "member, guest or deactivated" }
target_id = { type = "id", doc = "on whom" }
target = { type = "text", doc = "their name" }
target_class = { type = "text", doc = "member, guest or deactivated" }
weight = { type = "integer", doc = "how often", unit = "times" }
replies = { type = "integer", doc = "of these, replies in threads of the other", unit = "times" }
reactions = { type = "integer", doc = "reactions to messages of the other", unit = "times" }
mentions = { type = "integer", doc = "mentions of the other", unit = "times" }
*/
WITH ties AS (
    SELECT
        source, target, count(*) AS weight,
        count(*) FILTER (WHERE relation = 'replies') AS replies,
        count(*) FILTER (WHERE relation = 'reacts') AS reactions,
        count(*) FILTER (WHERE relation = 'mentions') AS mentions
    FROM edges
    WHERE relation <> 'posts' AND moment BETWEEN $since AND $as_of
        AND ($channel IS NULL OR channel_id = $channel)
    GROUP BY source, target
    ORDER BY weight DESC, source, target
    LIMIT $most
)
SELECT
    t.source AS source_id, s.name AS source, s.class AS source_class,
    t.target AS target_id, o.name AS target, o.class AS target_class,
    t.weight, t.replies, t.reactions, t.mentions
FROM ties t
JOIN members s ON s.user_id = t.source
JOIN members o ON o.user_id = t.target
ORDER BY t.weight DESC, s.name, o.name, t.source, t.target
