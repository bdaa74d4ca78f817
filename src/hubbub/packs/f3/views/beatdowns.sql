-- One row a beatdown: a workout that a backblast reports. A second report of the same AO, day and
-- leader is a repetition, of which the newer counts; two in one post are two workouts. An AO that is
-- named, and no channel is called so, has its name as its id; without any it is the post's channel.
WITH kept AS (
    SELECT r.channel_id, r.ts, r.place, r.status, m.posted_at
    FROM records r JOIN messages m USING (channel_id, ts)
    WHERE r.template = 'backblast' AND r.status <> 'refused' AND m.deleted_at IS NULL
), said AS (
    SELECT
        v.channel_id, v.ts, v.place,
        max(v.day::DATE) FILTER (v.field = 'date') AS day,
        max(coalesce(v.named_channel, c.channel_id, lower(trim(v.name, ' #')))) FILTER (v.field = 'ao')
            AS ao_id,
        max(v.number) FILTER (v.field = 'count') AS count,
        max(v.number) FILTER (v.field = 'fng_count') AS fng_count,
        count(*) FILTER (v.field = 'fngs' AND v.kind IS NOT NULL) AS fngs
    FROM record_values v
    SEMI JOIN kept k ON k.channel_id = v.channel_id AND k.ts = v.ts AND k.place = v.place
    LEFT JOIN channels c
        ON v.field = 'ao' AND v.named_channel IS NULL AND c.name = lower(trim(v.name, ' #'))
    GROUP BY v.channel_id, v.ts, v.place
), leaders AS (
    SELECT channel_id, ts, place, user_id, name
    FROM record_people
    SEMI JOIN kept USING (channel_id, ts, place)
    WHERE field = 'q'
    QUALIFY row_number() OVER (PARTITION BY channel_id, ts, place ORDER BY position) = 1
), people AS (
    SELECT
        channel_id, ts, place,
        count(DISTINCT coalesce(user_id, lower(trim(name)), field || position)) AS people
    FROM record_people
    SEMI JOIN kept USING (channel_id, ts, place)
    WHERE field IN ('q', 'coq', 'pax', 'fngs')
    GROUP BY ALL
)
SELECT
    k.channel_id, k.ts, k.place,
    coalesce(s.ao_id, k.channel_id) AS ao_id,
    s.day,
    q.user_id AS q_user_id,
    coalesce(n.name, q.name, q.user_id) AS q_name,
    coalesce(s.count, p.people, 0)::BIGINT AS count,
    coalesce(s.fng_count, s.fngs)::BIGINT AS fng_count,
    k.posted_at,
    k.status
FROM kept k
JOIN said s USING (channel_id, ts, place)
LEFT JOIN people p USING (channel_id, ts, place)
LEFT JOIN leaders q USING (channel_id, ts, place)
LEFT JOIN names n ON n.user_id = q.user_id
WHERE s.day IS NOT NULL
QUALIFY q.place IS NULL OR dense_rank() OVER (
    PARTITION BY coalesce(s.ao_id, k.channel_id), s.day, coalesce(q.user_id, lower(trim(q.name)))
    ORDER BY k.posted_at DESC, k.ts DESC, k.channel_id DESC
) = 1
