-- The options of polls, from 1 on. Their votes are what the app tells of them; where it tells none, the
-- reactions that stand for them (:one:, :two: …), without those that bots have put there to begin with.
WITH reacted AS (
    SELECT channel_id, ts,
        list_position(['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine',
            'keycap_ten'], name) AS option,
        count(DISTINCT user_id) AS votes
    FROM reactions
    WHERE user_id NOT IN (SELECT user_id FROM users WHERE is_bot)
    GROUP BY ALL
), told AS (
    SELECT v.channel_id, v.ts, v.place, v.position + 1 AS option, v.text AS name, v.number AS votes,
        count(v.number) OVER (PARTITION BY v.channel_id, v.ts, v.place) > 0 AS is_told
    FROM record_values v
    JOIN records r ON r.channel_id = v.channel_id AND r.ts = v.ts AND r.place = v.place
    JOIN messages m ON m.channel_id = v.channel_id AND m.ts = v.ts AND m.deleted_at IS NULL
    WHERE r.template = 'poll' AND v.field = 'options'
)
SELECT t.channel_id, t.ts, t.place, t.option, t.name, t.is_told,
    CASE WHEN t.is_told THEN t.votes ELSE coalesce(n.votes, 0) END AS votes
FROM told t
LEFT JOIN reacted n ON n.channel_id = t.channel_id AND n.ts = t.ts AND n.option = t.option
