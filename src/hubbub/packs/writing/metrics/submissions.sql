/*
title = "Submissions"
question = "What was handed in, by whom, and when?"
members = "one"

[parameters]
since = ""
channel = ""
member = ""

[columns]
round = { type = "integer", doc = "the round that it counts for; empty before the first" }
channel_id = { type = "id", doc = "channel" }
channel = { type = "text", doc = "its name" }
ts = { type = "id", doc = "the message" }
user_id = { type = "id", doc = "member" }
member = { type = "text", doc = "their name" }
handed_in_at = { type = "instant", doc = "when" }
is_pass = { type = "flag", doc = "whether the member passes in place of handing in" }
is_late = { type = "flag", doc = "whether it came after the round's last day" }
characters = { type = "integer", doc = "of the post, not of what it links to", unit = "characters" }
link = { type = "text", doc = "the first link of the post, as the policy keeps it" }
permalink = { type = "text", doc = "where the post is in Slack; empty where only archives were imported" }
*/
SELECT
    s.round, s.channel_id, c.name AS channel, s.ts, s.user_id, coalesce(n.name, s.user_id) AS member,
    s.posted_at AS handed_in_at, s.is_passed_token AS is_pass, coalesce(s.is_late, false) AS is_late,
    s.characters, s.link, l.permalink
FROM submissions s
JOIN channel_names c USING (channel_id)
JOIN permalinks l USING (channel_id, ts)
LEFT JOIN names n USING (user_id)
WHERE s.posted_at BETWEEN $since AND $as_of
    AND ($channel IS NULL OR s.channel_id = $channel)
    AND ($member IS NULL OR s.user_id = $member)
ORDER BY s.posted_at DESC, member, s.channel_id, s.ts
