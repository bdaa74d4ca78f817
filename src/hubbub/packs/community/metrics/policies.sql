/*
title = "Policies"
question = "Under which privacy policy was what stored?"
note = "Runs of before policies were noted say nothing."
members = "none"

[columns]
policy = { type = "text", doc = "preset; with a + where choices depart from it" }
runs = { type = "integer", doc = "imports and collections", unit = "runs" }
added = { type = "integer", doc = "messages that they added", unit = "messages" }
share = { type = "number", doc = "of all messages that were ever added, in percent", unit = "%" }
left_out = { type = "integer", doc = "messages that the policy kept out", unit = "messages" }
first_at = { type = "instant", doc = "the first of the runs" }
last_at = { type = "instant", doc = "the last of them" }
*/
SELECT
    coalesce(policy, 'unknown') AS policy, count(*) AS runs,
    coalesce(sum(added), 0)::BIGINT AS added,
    100 * coalesce(sum(added), 0) / nullif(sum(sum(added)) OVER (), 0)::DOUBLE AS share,
    coalesce(sum(left_out), 0)::BIGINT AS left_out,
    min(started_at) AS first_at, max(started_at) AS last_at
FROM runs
WHERE verb IN ('import', 'collect') AND started_at <= $as_of
GROUP BY ALL
ORDER BY last_at DESC, policy
