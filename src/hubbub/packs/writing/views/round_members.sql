-- Each round and everybody who is expected in it or has handed something in: when first in time, when
-- first late, when they first passed.
WITH expected AS (
    SELECT r.round, w.user_id
    FROM rounds r JOIN writers w ON coalesce(w.since_day <= r.begins, true)
), handed AS (
    SELECT
        round, user_id,
        min(posted_at) FILTER (WHERE NOT is_passed_token AND NOT is_late) AS submitted_at,
        min(posted_at) FILTER (WHERE NOT is_passed_token AND is_late) AS late_at,
        min(posted_at) FILTER (WHERE is_passed_token) AS passed_at
    FROM submissions WHERE round IS NOT NULL
    GROUP BY ALL
)
SELECT
    r.round, r.begins, r.ends, r.begins_at, r.ends_at, user_id,
    e.user_id IS NOT NULL AS is_expected, h.submitted_at, h.late_at, h.passed_at,
    least(h.submitted_at, h.late_at, h.passed_at) AS first_at
FROM expected e
FULL JOIN handed h USING (round, user_id)
JOIN rounds r ON r.round = coalesce(e.round, h.round)
