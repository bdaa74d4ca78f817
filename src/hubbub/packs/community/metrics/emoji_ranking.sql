/*
title = "Emoji ranking"
question = "Which reactions do people use?"
members = "members"
shown = ["emoji", "reactions"]

[parameters]
since = ""
channel = ""

[columns]
rank = { type = "integer", doc = "1 + the number of emoji with more reactions" }
emoji = { type = "text", doc = "name, skin tones together" }
reactions = { type = "integer", doc = "reactions of people, to any message that is not deleted", unit = "reactions" }
members = { type = "integer", doc = "members who used it", unit = "members" }
*/
SELECT
    rank() OVER (ORDER BY count(*) DESC) AS rank,
    split_part(r.name, '::', 1) AS emoji,
    count(*) AS reactions,
    count(DISTINCT r.user_id) AS members
FROM reactions r
JOIN messages m USING (channel_id, ts)
JOIN people p ON p.user_id = r.user_id
WHERE m.deleted_at IS NULL AND m.posted_at BETWEEN $since AND $as_of
    AND ($channel IS NULL OR m.channel_id = $channel)
GROUP BY ALL
ORDER BY rank, emoji
