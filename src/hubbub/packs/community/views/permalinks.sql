-- Where a message is found in Slack: built from its ids; empty until the workspace's address is
-- known, which archives do not tell.
SELECT
    m.channel_id,
    m.ts,
    w.url || 'archives/' || m.channel_id || '/p' || replace(m.ts, '.', '')
        || CASE WHEN m.thread_ts <> m.ts
            THEN '?thread_ts=' || m.thread_ts || '&cid=' || m.channel_id ELSE '' END AS permalink
FROM messages m CROSS JOIN (SELECT max(url) AS url FROM workspace) w
