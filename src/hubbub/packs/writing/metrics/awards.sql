/*
title = "Awards"
question = "Who wrote the most posts and comments, and gave the most reactions?"
note = "Members who are set as staff get none. Reactions have their message's time, since archives and history do not say their own; those to one's own messages do not count."
members = "one"

[parameters]
since = "30 days"
channel = ""
top = { default = 3, doc = "the last rank that gets an award; all who share a rank get it" }

[columns]
award = { type = "text", doc = "posts, comments or reactions" }
rank = { type = "integer", doc = "1 + the number of members with more" }
user_id = { type = "id", doc = "member" }
member = { type = "text", doc = "their name" }
amount = { type = "integer", doc = "how many posts, replies and broadcasts, or reactions given", unit = "contributions" }
*/
SELECT
    c.award, rank() OVER (PARTITION BY c.award ORDER BY count(*) DESC) AS rank,
    c.user_id, coalesce(n.name, c.user_id) AS member, count(*) AS amount
FROM contributions c
CROSS JOIN writing_settings s
LEFT JOIN names n USING (user_id)
WHERE c.moment BETWEEN $since AND $as_of
    AND ($channel IS NULL OR c.channel_id = $channel)
    AND NOT list_contains(s.staff, c.user_id)
GROUP BY c.award, c.user_id, n.name
QUALIFY rank <= $top
ORDER BY list_position(['posts', 'comments', 'reactions'], c.award), rank, member, c.user_id
