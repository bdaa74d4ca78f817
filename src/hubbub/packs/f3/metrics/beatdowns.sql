/*
title = "Beatdowns"
question = "Which workouts were held, and who led them?"
note = "`--member @otter` for those that a member led."
members = "one"

[parameters]
since = "30 days"
channel = ""
member = ""

[columns]
day = { type = "date", doc = "the day of the beatdown" }
ao_id = { type = "id", doc = "where: the AO's channel" }
ao = { type = "text", doc = "its name" }
user_id = { type = "id", doc = "who led; empty for a name that is no member's" }
leader = { type = "text", doc = "their name" }
co_leaders = { type = "text", doc = "who led too" }
count = { type = "integer", doc = "people at it, as reported", unit = "people" }
fngs = { type = "integer", doc = "of them, for the first time", unit = "people" }
is_doubtful = { type = "flag", doc = "whether something of the backblast could not be read for sure" }
channel_id = { type = "id", doc = "the channel of the backblast" }
ts = { type = "id", doc = "the backblast" }
permalink = { type = "text", doc = "where it is in Slack; empty where only archives were imported" }
*/
WITH co_leaders AS (
    SELECT channel_id, ts, place, string_agg(name, ', ' ORDER BY name, user_id) AS names
    FROM attendance WHERE role = 'coq' GROUP BY ALL
)
SELECT
    b.day, b.ao_id, coalesce(c.name, b.ao_id) AS ao, b.q_user_id AS user_id, b.q_name AS leader,
    o.names AS co_leaders, b.count, b.fng_count AS fngs, b.status = 'doubtful' AS is_doubtful,
    b.channel_id, b.ts, l.permalink
FROM beatdowns b
JOIN permalinks l USING (channel_id, ts)
LEFT JOIN co_leaders o USING (channel_id, ts, place)
LEFT JOIN channel_names c ON c.channel_id = b.ao_id
WHERE b.day::TIMESTAMP AT TIME ZONE $timezone BETWEEN $since AND $as_of
    AND ($channel IS NULL OR b.ao_id = $channel)
    AND ($member IS NULL OR b.q_user_id = $member)
ORDER BY b.day DESC, ao, b.ts, b.place
