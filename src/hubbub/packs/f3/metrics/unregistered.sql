/*
title = "Attendance unregistered"
question = "Who comes to workouts and is not in Slack, or was named without a tag?"
note = "The same name in different backblasts is taken for the same person, whatever its case."
members = "one"

[parameters]
since = "365 days"
channel = ""

[columns]
member = { type = "text", doc = "the name as the backblasts have it" }
posts = { type = "integer", doc = "beatdowns where the name is listed", unit = "posts" }
aos = { type = "integer", doc = "AOs of these", unit = "AOs" }
ao = { type = "text", doc = "the AO of the newest" }
leader = { type = "text", doc = "who led then" }
is_fng = { type = "flag", doc = "whether a backblast names them as an FNG" }
first_day = { type = "date", doc = "the first of these days" }
last_day = { type = "date", doc = "the newest of these days" }
*/
WITH named AS (
    SELECT a.*, coalesce(c.name, a.ao_id) AS ao, b.q_name AS leader
    FROM attendance a
    JOIN beatdowns b USING (channel_id, ts, place)
    LEFT JOIN channel_names c ON c.channel_id = a.ao_id
    WHERE a.user_id IS NULL AND a.person IS NOT NULL
        AND a.day::TIMESTAMP AT TIME ZONE $timezone BETWEEN $since AND $as_of
        AND ($channel IS NULL OR a.ao_id = $channel)
)
SELECT
    max(name) AS member, count(*) AS posts, count(DISTINCT ao_id) AS aos,
    max_by(ao, (day, ts)) AS ao, max_by(leader, (day, ts)) AS leader,
    bool_or(role = 'fng') AS is_fng, min(day) AS first_day, max(day) AS last_day
FROM named
GROUP BY person
ORDER BY posts DESC, last_day DESC, member, person
