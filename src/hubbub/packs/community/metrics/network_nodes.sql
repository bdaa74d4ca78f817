/*
title = "Nodes of the network"
question = "Who and what is in the network?"
members = "one"

[columns]
id = { type = "id", doc = "member or channel" }
label = { type = "text", doc = "name" }
type = { type = "text", doc = "member or channel" }
iso = { type = "text", doc = "country code, by the member's time zone" }
country = { type = "text", doc = "country" }
city = { type = "text", doc = "the city that names the time zone" }
class = { type = "text", doc = "member, guest or deactivated; public, private …" }
is_archived = { type = "flag", doc = "whether a channel is closed" }
*/
SELECT user_id AS id, name AS label, 'member' AS type, iso, country, city, class,
    NULL::BOOLEAN AS is_archived
FROM members
UNION ALL
SELECT n.channel_id, n.name, 'channel', NULL, NULL, NULL, coalesce(n.kind, 'unknown'),
    coalesce(c.is_archived, false)
FROM channel_names n LEFT JOIN channels c USING (channel_id)
ORDER BY type, label, id
