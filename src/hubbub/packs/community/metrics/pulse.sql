/*
title = "Pulse"
question = "How much is said, and is it more than in the time before?"
note = "The time before is as long as the window, and ends where it begins."
members = "members"
shown = ["messages"]

[parameters]
since = "30 days"
channel = ""

[columns]
messages = { type = "integer", doc = "posts, replies and broadcasts by people", unit = "messages" }
messages_before = { type = "integer", doc = "in the time before", unit = "messages" }
messages_change = { type = "number", doc = "by how much they changed; empty where there were none", unit = "%" }
members = { type = "integer", doc = "members with a message", unit = "members" }
members_before = { type = "integer", doc = "in the time before", unit = "members" }
members_change = { type = "number", doc = "by how much they changed; empty where there were none", unit = "%" }
replies = { type = "integer", doc = "replies in threads, broadcasts too", unit = "messages" }
replies_before = { type = "integer", doc = "in the time before", unit = "messages" }
replies_change = { type = "number", doc = "by how much they changed; empty where there were none", unit = "%" }
*/
WITH said AS (
    SELECT user_id, kind <> 'post' AS is_reply, posted_at >= $since AS is_now
    FROM people_messages
    WHERE posted_at >= $since - to_microseconds(date_diff('microsecond', $since, $as_of))
        AND posted_at <= $as_of
        AND ($channel IS NULL OR channel_id = $channel)
), written AS (
    SELECT
        count(*) FILTER (WHERE is_now) AS messages,
        count(*) FILTER (WHERE NOT is_now) AS messages_before,
        count(*) FILTER (WHERE is_now AND is_reply) AS replies,
        count(*) FILTER (WHERE NOT is_now AND is_reply) AS replies_before
    FROM said
    GROUP BY user_id
), counted AS (
    SELECT
        coalesce(sum(messages), 0)::BIGINT AS messages,
        coalesce(sum(messages_before), 0)::BIGINT AS messages_before,
        count(*) FILTER (WHERE messages > 0) AS members,
        count(*) FILTER (WHERE messages_before > 0) AS members_before,
        coalesce(sum(replies), 0)::BIGINT AS replies,
        coalesce(sum(replies_before), 0)::BIGINT AS replies_before
    FROM written
)
SELECT
    messages, messages_before,
    100 * (messages - messages_before) / nullif(messages_before, 0) AS messages_change,
    members, members_before,
    100 * (members - members_before) / nullif(members_before, 0) AS members_change,
    replies, replies_before,
    100 * (replies - replies_before) / nullif(replies_before, 0) AS replies_change
FROM counted
