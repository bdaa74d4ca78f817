/*
title = "Leaders"
question = "Who leads how often, and how many come then?"
note = "`--member @otter` for one leader; `hubbub show beatdowns --member @otter` lists what they led."
members = "one"

[parameters]
since = "365 days"
channel = ""
member = ""

[columns]
rank = { type = "integer", doc = "1 + the number of leaders who led more" }
user_id = { type = "id", doc = "who; empty for a name that is no member's" }
member = { type = "text", doc = "their name" }
led = { type = "integer", doc = "beatdowns that they led", unit = "beatdowns" }
co_led = { type = "integer", doc = "beatdowns that they led beside another", unit = "beatdowns" }
average = { type = "number", doc = "people at a beatdown that they led", unit = "people" }
largest = { type = "integer", doc = "people at the largest", unit = "people" }
difference = { type = "number", doc = "the average less what the same AOs have when others lead", unit = "people" }
aos = { type = "integer", doc = "AOs where they led or co-led", unit = "AOs" }
last_day = { type = "date", doc = "the newest that they led or co-led" }
*/
WITH held AS (
    SELECT * FROM beatdowns
    WHERE day::TIMESTAMP AT TIME ZONE $timezone BETWEEN $since AND $as_of
        AND ($channel IS NULL OR ao_id = $channel)
), led_by AS (
    SELECT a.person, a.user_id, a.name, a.role, h.ao_id, h.day, h.count
    FROM attendance a JOIN held h USING (channel_id, ts, place)
    WHERE a.role IN ('q', 'coq') AND a.person IS NOT NULL
), at_aos AS (
    SELECT ao_id, count(*) AS beatdowns, sum(count) AS people FROM held GROUP BY ao_id
), own AS (
    SELECT person, ao_id, count(*) AS beatdowns, sum(count) AS people
    FROM led_by WHERE role = 'q' GROUP BY person, ao_id
), others AS (
    -- what each of a leader's AOs has under others, weighed by how often the leader led there
    SELECT
        o.person,
        sum(o.people - o.beatdowns * (t.people - o.people) / (t.beatdowns - o.beatdowns))
            / sum(o.beatdowns) AS difference
    FROM own o JOIN at_aos t USING (ao_id)
    WHERE t.beatdowns > o.beatdowns
    GROUP BY o.person
), leaders AS (
    SELECT
        person, user_id, max(name) AS member,
        count(*) FILTER (role = 'q') AS led,
        count(*) FILTER (role = 'coq') AS co_led,
        avg(count) FILTER (role = 'q') AS average,
        max(count) FILTER (role = 'q') AS largest,
        count(DISTINCT ao_id) AS aos,
        max(day) AS last_day
    FROM led_by
    GROUP BY person, user_id
)
SELECT
    rank() OVER (ORDER BY l.led DESC) AS rank,
    l.user_id, l.member, l.led, l.co_led, l.average, l.largest, o.difference, l.aos, l.last_day
FROM leaders l
LEFT JOIN others o USING (person)
QUALIFY $member IS NULL OR l.user_id = $member
ORDER BY rank, l.co_led DESC, l.member, l.person
