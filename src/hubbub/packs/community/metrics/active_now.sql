/*
title = "Active now"
question = "How many members are here at this moment?"
note = "Active is who wrote or reacted. A reaction counts at its own time where an event has told it, else at its message's, since archives and history do not say it."
members = "overlapping"

[parameters]
since = "15 minutes"
channel = ""

[columns]
members = { type = "integer", doc = "members who wrote or reacted", unit = "members" }
messages = { type = "integer", doc = "posts, replies and broadcasts by people", unit = "messages" }
reactions = { type = "integer", doc = "reactions of people, to any message", unit = "reactions" }
last_message_at = { type = "instant", doc = "the newest message by a person, in the window or before it" }
*/
WITH said AS (
    SELECT user_id, posted_at >= $since AS is_now, posted_at
    FROM people_messages
    WHERE posted_at <= $as_of AND ($channel IS NULL OR channel_id = $channel)
), moments AS (
    SELECT r.user_id, m.posted_at AS moment
    FROM (SELECT * FROM reactions
        ANTI JOIN reaction_changes USING (channel_id, ts, user_id, name)) r
    JOIN messages m USING (channel_id, ts)
    WHERE m.deleted_at IS NULL AND m.posted_at BETWEEN $since AND $as_of
        AND ($channel IS NULL OR m.channel_id = $channel)
    UNION ALL
    SELECT x.user_id, x.changed_at
    FROM reaction_changes x SEMI JOIN reactions USING (channel_id, ts, user_id, name)
    WHERE x.changed_at BETWEEN $since AND $as_of
        AND ($channel IS NULL OR x.channel_id = $channel)
), reacted AS (
    SELECT user_id FROM moments WHERE user_id IN (SELECT user_id FROM people)
)
SELECT
    (SELECT count(*) FROM (
        SELECT user_id FROM said WHERE is_now UNION SELECT user_id FROM reacted)) AS members,
    count(*) FILTER (WHERE is_now) AS messages,
    (SELECT count(*) FROM reacted) AS reactions,
    max(posted_at) AS last_message_at
FROM said
