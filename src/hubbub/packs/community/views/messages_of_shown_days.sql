-- People's messages, but for those of days that small groups hide. For metrics that divide days
-- further; see docs/small-groups.md.
SELECT m.* FROM people_messages m
ANTI JOIN quiet_days q ON m.posted_at BETWEEN q.begins_at AND q.ends_at
