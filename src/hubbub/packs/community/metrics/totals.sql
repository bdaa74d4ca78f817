/*
title = "Totals"
question = "How large is the community, and how much is said?"
members = "active_members"
shown = ["messages", "members"]

[parameters]
since = ""
channel = ""

[columns]
messages = { type = "integer", doc = "posts, replies and broadcasts by people", unit = "messages" }
posts = { type = "integer", doc = "of them, messages that are no reply", unit = "messages" }
replies = { type = "integer", doc = "of them, replies in threads", unit = "messages" }
broadcasts = { type = "integer", doc = "of them, replies also sent to the channel", unit = "messages" }
threads = { type = "integer", doc = "threads with a reply", unit = "threads" }
reactions = { type = "integer", doc = "reactions to them by people", unit = "reactions" }
active_members = { type = "integer", doc = "members with a message", unit = "members" }
members = { type = "integer", doc = "persons of the directory, and authors unknown to it", unit = "members" }
channels = { type = "integer", doc = "channels with a message", unit = "channels" }
first_message_at = { type = "instant", doc = "the oldest message" }
last_message_at = { type = "instant", doc = "the newest message" }
*/
WITH said AS (
    SELECT * FROM people_messages
    WHERE posted_at BETWEEN $since AND $as_of
    AND ($channel IS NULL OR channel_id = $channel)
)
SELECT
    count(*) AS messages,
    count(*) FILTER (WHERE kind = 'post') AS posts,
    count(*) FILTER (WHERE kind = 'reply') AS replies,
    count(*) FILTER (WHERE kind = 'broadcast') AS broadcasts,
    (SELECT count(*) FROM (SELECT DISTINCT channel_id, thread_ts FROM said
        WHERE kind <> 'post' AND thread_ts IS NOT NULL)) AS threads,
    (SELECT count(*) FROM reactions SEMI JOIN said USING (channel_id, ts)
        WHERE user_id IN (SELECT user_id FROM people)) AS reactions,
    count(DISTINCT user_id) AS active_members,
    (SELECT count(*) FROM people) AS members,
    count(DISTINCT channel_id) AS channels,
    min(posted_at) AS first_message_at,
    max(posted_at) AS last_message_at
FROM said
