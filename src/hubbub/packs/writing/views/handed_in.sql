-- What members hand in, and where they pass: a row a record that could be read. Who writes of a pass
-- beside a link hands in.
WITH told AS (
    SELECT
        channel_id, ts, place,
        coalesce(bool_or(kind IS NOT NULL) FILTER (field = 'pass'), false)
            AND NOT coalesce(bool_or(kind IS NOT NULL) FILTER (field = 'link'), false)
            AS is_passed_token,
        min(number) FILTER (field = 'round') AS named_round
    FROM record_values
    GROUP BY ALL
)
SELECT
    m.channel_id, m.ts, place, m.user_id, m.posted_at, m.characters,
    coalesce(t.is_passed_token, false) AS is_passed_token, t.named_round
FROM records r
JOIN people_messages m USING (channel_id, ts)
LEFT JOIN told t USING (channel_id, ts, place)
WHERE r.template = 'submission' AND r.status <> 'refused'
