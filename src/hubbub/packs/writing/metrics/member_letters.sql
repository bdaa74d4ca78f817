/*
title = "Figures for personal letters"
question = "What has each member given and received, and which letter suits that?"
note = "A row for every member whose account is open, those without a word too. The levels are set for the pack."
members = "one"

[parameters]
since = "30 days"
member = ""

[columns]
user_id = { type = "id", doc = "member" }
member = { type = "text", doc = "their name" }
level = { type = "integer", doc = "how many of the set levels the contributions reach; 0 is below the first" }
contributions = { type = "integer", doc = "posts, comments and reactions together", unit = "contributions" }
posts = { type = "integer", doc = "posts", unit = "posts" }
comments = { type = "integer", doc = "replies and broadcasts", unit = "comments" }
reactions = { type = "integer", doc = "reactions given to messages of others", unit = "reactions" }
reactions_received = { type = "integer", doc = "reactions of others to their messages", unit = "reactions" }
submissions = { type = "integer", doc = "posts handed in", unit = "submissions" }
streak = { type = "integer", doc = "rounds handed in since the last that was missed, until now and from all time", unit = "rounds" }
*/
WITH given AS (
    SELECT
        user_id,
        count(*) AS contributions,
        count(*) FILTER (WHERE award = 'posts') AS posts,
        count(*) FILTER (WHERE award = 'comments') AS comments,
        count(*) FILTER (WHERE award = 'reactions') AS reactions
    FROM contributions WHERE moment BETWEEN $since AND $as_of
    GROUP BY user_id
), received AS (
    SELECT m.user_id, count(*) AS reactions
    FROM people_messages m
    JOIN reactions r USING (channel_id, ts)
    SEMI JOIN people p ON p.user_id = r.user_id
    WHERE m.posted_at BETWEEN $since AND $as_of AND r.user_id <> m.user_id
    GROUP BY m.user_id
), written AS (
    SELECT user_id, count(*) AS submissions
    FROM submissions WHERE NOT is_passed_token AND posted_at BETWEEN $since AND $as_of
    GROUP BY user_id
), stood AS (
    SELECT
        user_id, round,
        coalesce(least(submitted_at, late_at) <= $as_of, false) AS is_handed_in,
        is_expected AND ends_at <= $as_of AND coalesce(first_at > $as_of, true) AS is_missed
    FROM round_members
), streaks AS (
    SELECT s.user_id, count(*) AS streak
    FROM stood s
    WHERE s.is_handed_in AND NOT EXISTS (
        FROM stood o WHERE o.user_id = s.user_id AND o.is_missed AND o.round >= s.round)
    GROUP BY s.user_id
)
SELECT
    m.user_id, m.name AS member,
    len([least for least in s.levels if least <= coalesce(g.contributions, 0)]) AS level,
    coalesce(g.contributions, 0) AS contributions,
    coalesce(g.posts, 0) AS posts,
    coalesce(g.comments, 0) AS comments,
    coalesce(g.reactions, 0) AS reactions,
    coalesce(r.reactions, 0) AS reactions_received,
    coalesce(w.submissions, 0) AS submissions,
    coalesce(k.streak, 0) AS streak
FROM members m
CROSS JOIN writing_settings s
LEFT JOIN given g USING (user_id)
LEFT JOIN received r USING (user_id)
LEFT JOIN written w USING (user_id)
LEFT JOIN streaks k USING (user_id)
WHERE NOT m.is_deleted AND ($member IS NULL OR m.user_id = $member)
ORDER BY level DESC, contributions DESC, member, m.user_id
