/*
title = "Coverage"
question = "Which days of which channel have been collected from Slack, and how fresh is that?"
note = "Complete: every message was read, and every thread that begins there. Archives do not say what they leave out, so days known from an import alone are unknown."
members = "none"

[parameters]
since = ""
channel = ""

[columns]
channel_id = { type = "id", doc = "channel" }
channel = { type = "text", doc = "its name" }
state = { type = "text", doc = "complete, partial or unknown" }
first_day = { type = "date", doc = "the first of some days in that state" }
last_day = { type = "date", doc = "the last of them" }
days = { type = "integer", doc = "how many", unit = "days" }
why = { type = "text", doc = "what is missing, where something is" }
seen_at = { type = "instant", doc = "when edits and deletions were last looked for in the channel on these days" }
replies_seen_at = { type = "instant", doc = "the same for the thread of these days that was read longest ago: replies edited since are not seen" }
*/
WITH spoken AS (
    SELECT channel_id, min(posted_at) AS first_at FROM messages GROUP BY channel_id
), read AS (
    SELECT n.channel_id, n.name, v.swept_at, v.full_at,
        least(h.created_at, s.first_at) AS begins_at,
        to_timestamp(v.since::DOUBLE) AS since_at,
        to_timestamp(v.until::DOUBLE) AS until_at,
        to_timestamp(coalesce(v.sweep_position, v.sweep_until)::DOUBLE) AS position_at,
        to_timestamp(v.sweep_until::DOUBLE) AS sweep_until_at,
        to_timestamp(v.hidden_before::DOUBLE) AS hidden_at,
        to_timestamp(v.swept_from::DOUBLE) AS swept_from_at
    FROM channel_names n
    LEFT JOIN channels h USING (channel_id)
    LEFT JOIN spoken s USING (channel_id)
    LEFT JOIN coverage v USING (channel_id)
    WHERE $channel IS NULL OR n.channel_id = $channel
), calendar AS (
    SELECT r.*, unnest(generate_series(
        date_trunc('day', greatest(coalesce(r.begins_at, $as_of), $since) AT TIME ZONE $timezone),
        date_trunc('day', $as_of AT TIME ZONE $timezone), INTERVAL 1 day))::DATE AS day
    FROM read r
), bounded AS (
    SELECT c.*,
        greatest(day::TIMESTAMP AT TIME ZONE $timezone, begins_at) AS day_begin,
        least((day + 1)::TIMESTAMP AT TIME ZONE $timezone, $as_of) AS day_end
    FROM calendar c
), threads_of_day AS (
    SELECT channel_id,
        date_trunc('day', to_timestamp(ts::DOUBLE) AT TIME ZONE $timezone)::DATE AS day,
        count(*) FILTER (WHERE wanted IS DISTINCT FROM got) AS unread, min(got_at) AS got_at
    FROM readings WHERE kind = 'thread' GROUP BY ALL
), judged AS (
    SELECT b.*, t.got_at, coalesce(t.unread, 0) AS unread,
        coalesce(hidden_at > day_begin, false) AS is_hidden,
        coalesce(since_at <= day_begin AND until_at >= day_end, false)
            OR coalesce(position_at <= day_begin AND sweep_until_at >= day_end, false) AS is_whole,
        coalesce(since_at < day_end AND until_at > day_begin, false)
            OR coalesce(position_at < day_end AND sweep_until_at > day_begin, false) AS is_begun
    FROM bounded b LEFT JOIN threads_of_day t USING (channel_id, day)
), stated AS (
    SELECT channel_id, name, day,
        CASE
            WHEN is_hidden THEN 'hidden by Slack''s plan'
            WHEN is_whole AND unread > 0 THEN 'threads are still to be read'
            WHEN is_whole THEN ''
            WHEN is_begun THEN 'not read to its end'
            ELSE 'not collected'
        END AS why,
        CASE
            WHEN is_hidden THEN CASE WHEN hidden_at < day_end AND is_begun THEN 'partial' ELSE 'unknown' END
            WHEN is_whole AND unread = 0 THEN 'complete'
            WHEN is_whole OR is_begun THEN 'partial'
            ELSE 'unknown'
        END AS state,
        CASE WHEN is_begun THEN
            CASE WHEN swept_from_at <= day_begin THEN swept_at ELSE full_at END
        END AS seen_at,
        got_at
    FROM judged
), runs_of_days AS (
    SELECT *, day - row_number() OVER (
        PARTITION BY channel_id, state, why, seen_at ORDER BY day)::INTEGER AS island
    FROM stated
)
SELECT
    channel_id, any_value(name) AS channel, state, min(day) AS first_day, max(day) AS last_day,
    count(*) AS days, why, seen_at, min(got_at) AS replies_seen_at
FROM runs_of_days
GROUP BY channel_id, state, why, seen_at, island
ORDER BY channel, channel_id, first_day
