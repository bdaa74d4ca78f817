-- Where a member's profile is found in Slack: empty until the workspace's address is known, and
-- where a policy keeps pseudonyms, of which Slack knows nothing.
SELECT user_id, CASE WHEN left(user_id, 1) IN ('U', 'W') THEN w.url || 'team/' || user_id END AS profile
FROM (SELECT user_id FROM users UNION SELECT user_id FROM messages)
LEFT JOIN workspace w ON true
