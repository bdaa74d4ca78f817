-- What members hand in, and where they pass: a row a record that could be read.
SELECT
    m.channel_id, m.ts, r.place, m.user_id, m.posted_at, m.characters,
    false AS is_passed_token, NULL::BIGINT AS named_round
FROM records r JOIN people_messages m USING (channel_id, ts)
WHERE r.template = 'submission' AND r.status <> 'refused'
