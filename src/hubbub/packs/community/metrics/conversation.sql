/*
title = "Conversation"
question = "Who said what, where and when, and from which country?"
members = "one"

[parameters]
since = ""
channel = ""

[columns]
channel_id = { type = "id", doc = "channel" }
channel = { type = "text", doc = "its name" }
ts = { type = "id", doc = "the message" }
thread_ts = { type = "id", doc = "the thread that it is in" }
posted_at = { type = "instant", doc = "when" }
kind = { type = "text", doc = "post, reply or broadcast" }
user_id = { type = "id", doc = "member" }
member = { type = "text", doc = "their name" }
country = { type = "text", doc = "the author's country, by their time zone" }
iso = { type = "text", doc = "its code, ISO 3166" }
city = { type = "text", doc = "the city that names the time zone" }
words = { type = "integer", doc = "length", unit = "words" }
characters = { type = "integer", doc = "length", unit = "characters" }
text = { type = "text", doc = "what was said, where the policy keeps it" }
*/
SELECT
    m.channel_id, c.name AS channel, m.ts, m.thread_ts, m.posted_at, m.kind,
    m.user_id, a.name AS member, a.country, a.iso, a.city, m.words, m.characters, m.text
FROM people_messages m
JOIN channel_names c USING (channel_id)
JOIN members a USING (user_id)
WHERE m.posted_at BETWEEN $since AND $as_of
    AND ($channel IS NULL OR m.channel_id = $channel)
ORDER BY m.posted_at, m.channel_id, m.ts
