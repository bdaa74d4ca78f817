/*
title = "Leaders by month"
question = "Who led how often at which AO, month by month?"
members = "one"

[parameters]
since = "year"
channel = ""
member = ""

[columns]
user_id = { type = "id", doc = "who; empty for a name that is no member's" }
member = { type = "text", doc = "their name" }
ao_id = { type = "id", doc = "where: the AO's channel" }
ao = { type = "text", doc = "its name" }
month = { type = "date", doc = "the first of the month" }
led = { type = "integer", doc = "beatdowns that they led there", unit = "beatdowns" }
*/
WITH led AS (
    SELECT
        person, user_id, max(name) AS member, ao_id, date_trunc('month', day)::DATE AS month,
        count(*) AS led
    FROM attendance
    WHERE role = 'q' AND person IS NOT NULL
        AND day::TIMESTAMP AT TIME ZONE $timezone BETWEEN $since AND $as_of
        AND ($channel IS NULL OR ao_id = $channel)
        AND ($member IS NULL OR user_id = $member)
    GROUP BY ALL
)
SELECT l.user_id, l.member, l.ao_id, coalesce(c.name, l.ao_id) AS ao, l.month, l.led
FROM led l
LEFT JOIN channel_names c ON c.channel_id = l.ao_id
ORDER BY sum(l.led) OVER (PARTITION BY l.person) DESC, l.member, l.person, l.month, ao
