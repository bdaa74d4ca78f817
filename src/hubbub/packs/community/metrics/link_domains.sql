/*
title = "Link domains"
question = "Where do the links lead?"
members = "members"
shown = ["domain", "links"]

[parameters]
since = ""
channel = ""

[columns]
rank = { type = "integer", doc = "1 + the number of domains with more links" }
domain = { type = "text", doc = "host in lower case" }
links = { type = "integer", doc = "links in people's messages", unit = "links" }
members = { type = "integer", doc = "members who shared one", unit = "members" }
*/
SELECT
    rank() OVER (ORDER BY count(*) DESC) AS rank,
    l.domain, count(*) AS links, count(DISTINCT m.user_id) AS members
FROM links l JOIN people_messages m USING (channel_id, ts)
WHERE l.domain IS NOT NULL AND m.posted_at BETWEEN $since AND $as_of
    AND ($channel IS NULL OR m.channel_id = $channel)
GROUP BY ALL
ORDER BY rank, l.domain
