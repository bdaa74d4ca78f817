-- What was handed in, with its round: the one of its day, or the one before or after if the post
-- names that by its number, which means something only once the first round is set. What was handed
-- in before the first round has none.
SELECT
    h.channel_id, h.ts, h.user_id, coalesce(n.round, d.round) AS round, h.is_passed_token,
    h.posted_at, l.link, h.characters, h.posted_at > coalesce(n.ends_at, d.ends_at) AS is_late
FROM handed_in h
CROSS JOIN writing_settings s
LEFT JOIN rounds d ON h.posted_at BETWEEN d.begins_at AND d.ends_at
LEFT JOIN rounds n
    ON s.first_round IS NOT NULL AND n.round = h.named_round
    AND n.round BETWEEN d.round - 1 AND d.round + 1
LEFT JOIN (
    SELECT channel_id, ts, arg_min(url, position) AS link FROM links
    WHERE scheme IN ('http', 'https') GROUP BY ALL
) l USING (channel_id, ts)
