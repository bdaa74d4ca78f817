/*
title = "Edges of the network"
question = "Who talks to whom, and where?"
members = "one"

[parameters]
since = ""
channel = ""

[columns]
relation = { type = "text", doc = "posts: author → channel; replies: author → author of the root; reacts: who reacts → author; mentions: author → whom they mention" }
channel_id = { type = "id", doc = "where" }
channel = { type = "text", doc = "its name" }
source_id = { type = "id", doc = "who acts" }
source = { type = "text", doc = "their name" }
target_id = { type = "id", doc = "on whom, or in which channel" }
target = { type = "text", doc = "their name" }
weight = { type = "integer", doc = "how often", unit = "times" }
first_at = { type = "instant", doc = "the first time; for reactions the message's" }
last_at = { type = "instant", doc = "the last time; for reactions the message's" }
*/
SELECT
    e.relation, e.channel_id, c.name AS channel, e.source AS source_id,
    coalesce(s.name, e.source) AS source, e.target AS target_id,
    coalesce(t.name, h.name, e.target) AS target,
    count(*) AS weight, min(e.moment) AS first_at, max(e.moment) AS last_at
FROM edges e
JOIN channel_names c USING (channel_id)
LEFT JOIN names s ON s.user_id = e.source
LEFT JOIN names t ON e.relation <> 'posts' AND t.user_id = e.target
LEFT JOIN channel_names h ON e.relation = 'posts' AND h.channel_id = e.target
WHERE e.moment BETWEEN $since AND $as_of AND ($channel IS NULL OR e.channel_id = $channel)
GROUP BY ALL
ORDER BY e.relation, weight DESC, source, target, e.channel_id, e.source, e.target
