/*
title = "Attendance"
question = "Who was at which workout?"
note = "One row a person and beatdown, the newest first. `--member @otter` for one member, `--channel` for one AO."
members = "one"

[parameters]
since = ""
channel = ""
member = ""

[columns]
day = { type = "date", doc = "the day of the beatdown" }
ao_id = { type = "id", doc = "where: the AO's channel" }
ao = { type = "text", doc = "its name" }
user_id = { type = "id", doc = "who; empty for a name that is no member's" }
member = { type = "text", doc = "their name" }
role = { type = "text", doc = "q (led), coq (led too), fng (for the first time) or pax" }
is_registered = { type = "flag", doc = "whether the name is a member's" }
leader = { type = "text", doc = "who led" }
count = { type = "integer", doc = "people at it, as reported", unit = "people" }
channel_id = { type = "id", doc = "the channel of the backblast" }
ts = { type = "id", doc = "the backblast" }
permalink = { type = "text", doc = "where it is in Slack; empty where only archives were imported" }
*/
SELECT
    a.day, a.ao_id, coalesce(c.name, a.ao_id) AS ao, a.user_id, a.name AS member, a.role,
    a.is_registered, b.q_name AS leader, b.count, a.channel_id, a.ts, l.permalink
FROM attendance a
JOIN beatdowns b USING (channel_id, ts, place)
JOIN permalinks l USING (channel_id, ts)
LEFT JOIN channel_names c ON c.channel_id = a.ao_id
WHERE a.day::TIMESTAMP AT TIME ZONE $timezone BETWEEN $since AND $as_of
    AND ($channel IS NULL OR a.ao_id = $channel)
    AND ($member IS NULL OR a.user_id = $member)
ORDER BY a.day DESC, ao, a.ts, a.place,
    list_position(['q', 'coq', 'pax', 'fng'], a.role), member, a.user_id
