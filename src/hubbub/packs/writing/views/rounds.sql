-- Rounds of writing, from the first to the one after today's: equally many days of the workspace's
-- time zone each, both ends inside.
WITH known AS (
    SELECT
        s.round_days, s.timezone,
        coalesce(s.first_round, date_trunc('week', min(h.posted_at AT TIME ZONE s.timezone))::DATE)
            AS first_day,
        (greatest(now(), max(h.posted_at)) AT TIME ZONE s.timezone)::DATE AS today
    FROM writing_settings s LEFT JOIN handed_in h ON true
    GROUP BY s.first_round, s.round_days, s.timezone
), begun AS (
    SELECT *, unnest(range(1, greatest((today - first_day) // round_days, 0) + 3)) AS round
    FROM known WHERE first_day IS NOT NULL
), dated AS (
    SELECT
        round, timezone,
        first_day + ((round - 1) * round_days)::INTEGER AS begins,
        first_day + (round * round_days - 1)::INTEGER AS ends
    FROM begun
)
SELECT
    round, begins, ends,
    begins::TIMESTAMP AT TIME ZONE timezone AS begins_at,
    (ends + 1)::TIMESTAMP AT TIME ZONE timezone - INTERVAL 1 microsecond AS ends_at
FROM dated
