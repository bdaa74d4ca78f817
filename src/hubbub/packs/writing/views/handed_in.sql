-- What members hand in, and where they pass: a row a post. Who writes of a pass beside a submission
-- hands in. Passes are those of members who are expected or have handed in once: others mean
-- something else.
WITH read AS (
    SELECT
        r.channel_id, r.ts,
        r.template = 'pass' OR coalesce(bool_or(v.kind IS NOT NULL) FILTER (v.field = 'pass'), false)
            AND NOT coalesce(bool_or(v.kind IS NOT NULL) FILTER (v.field = 'link'), false)
            AS is_pass,
        min(v.number) FILTER (v.field = 'round') AS named_round
    FROM records r
    LEFT JOIN record_values v USING (channel_id, ts, place)
    WHERE r.template IN ('submission', 'pass') AND r.status <> 'refused'
    GROUP BY r.channel_id, r.ts, r.place, r.template
), posts AS (
    SELECT
        channel_id, ts, bool_and(is_pass) AS is_passed_token,
        -- a submission's own number goes before one beside a pass
        arg_min(named_round, is_pass) AS named_round
    FROM read
    GROUP BY ALL
), written AS (
    SELECT
        m.channel_id, m.ts, m.user_id, m.posted_at, m.characters, p.is_passed_token, p.named_round
    FROM posts p JOIN people_messages m USING (channel_id, ts)
)
SELECT * FROM written
WHERE NOT is_passed_token
    OR user_id IN (SELECT unnest(expected) FROM writing_settings)
    OR user_id IN (SELECT user_id FROM written WHERE NOT is_passed_token)
