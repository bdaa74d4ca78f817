/*
title = "Retention"
question = "Is anything kept for longer than the policy of the newest run allows?"
members = "overlapping"

[columns]
what = { type = "text", doc = "texts or messages" }
days = { type = "integer", doc = "how long they may be kept; empty for ever", unit = "days" }
kept = { type = "integer", doc = "how many there are" }
overdue = { type = "integer", doc = "those of them that are older" }
compliant = { type = "number", doc = "share of those that are not, in percent", unit = "%" }
oldest_at = { type = "instant", doc = "when the oldest of them was posted" }
*/
WITH policy AS (
    SELECT nullif(text_days, 0) AS text_days, nullif(row_days, 0) AS row_days
    FROM runs WHERE policy IS NOT NULL AND started_at <= $as_of
    ORDER BY started_at DESC, run_id DESC LIMIT 1
), kept AS (
    SELECT 'texts' AS what, text_days AS days, posted_at
    FROM messages CROSS JOIN policy WHERE text IS NOT NULL
    UNION ALL
    SELECT 'messages', row_days, posted_at FROM messages CROSS JOIN policy
)
SELECT
    what, any_value(days) AS days, count(*) AS kept,
    count(*) FILTER (WHERE posted_at < $as_of - to_days(days::INTEGER)) AS overdue,
    100 - 100 * count(*) FILTER (WHERE posted_at < $as_of - to_days(days::INTEGER)) / count(*) AS compliant,
    min(posted_at) AS oldest_at
FROM kept
GROUP BY what
ORDER BY what
