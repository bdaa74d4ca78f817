-- People's messages, but for those of days that small groups hide. For metrics that divide days
-- further; see docs/small-groups.md.
SELECT * FROM people_messages m
WHERE NOT EXISTS (
    SELECT 1 FROM quiet_days q WHERE m.posted_at BETWEEN q.begins_at AND q.ends_at)
