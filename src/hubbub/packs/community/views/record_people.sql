SELECT v.channel_id, v.ts, v.place, v.field, v.position,
 coalesce(v.member_id, CASE WHEN k.n = 1 THEN k.user_id END) AS user_id, v.name
FROM record_values v
LEFT JOIN (SELECT name, any_value(user_id) AS user_id, count(*) AS n FROM known_names GROUP BY name) k ON v.kind='name' AND k.name = lower(trim(v.name))
WHERE v.kind IN ('member','name')
