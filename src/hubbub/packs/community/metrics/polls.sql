/*
title = "Polls"
question = "What was asked in polls of apps, and what was voted?"
members = "one"
note = "Votes are those that the app tells of in its message; where it tells none, the reactions :one:, :two: … to it."

[parameters]
since = ""
channel = ""

[columns]
channel_id = { type = "id", doc = "channel" }
channel = { type = "text", doc = "its name" }
ts = { type = "id", doc = "the message" }
posted_at = { type = "instant", doc = "when" }
poll = { type = "text", doc = "what is asked" }
option = { type = "integer", doc = "place of the option, from 1" }
name = { type = "text", doc = "the option" }
votes = { type = "integer", doc = "votes for it; empty where the app tells those of other options only", unit = "votes" }
share = { type = "number", doc = "its share of the poll's votes, in per cent", unit = "%" }
*/
SELECT
    p.channel_id, c.name AS channel, p.ts, p.posted_at, p.question AS poll, o.option, o.name, o.votes,
    100.0::DOUBLE * o.votes / nullif(p.votes, 0) AS share
FROM polls p
JOIN poll_options o ON o.channel_id = p.channel_id AND o.ts = p.ts AND o.place = p.place
JOIN channel_names c ON c.channel_id = p.channel_id
WHERE p.posted_at BETWEEN $since AND $as_of
    AND ($channel IS NULL OR p.channel_id = $channel)
ORDER BY p.posted_at, p.channel_id, p.ts, p.place, o.option
