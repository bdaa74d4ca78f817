/*
title = "Health"
question = "How well does the community do, in one figure?"
note = "It starts at 100. Each message of the window adds half a point, each new member one; each full half hour since the newest message takes one off. It is never below 0 or above 200. Red below 100, yellow to 150, green above. All these numbers are parameters, which you can set to what suits your community."
members = "overlapping"

[parameters]
since = "30 days"
start = { default = 100.0, doc = "points to begin with" }
per_message = { default = 0.5, doc = "points for a message" }
per_new_member = { default = 1.0, doc = "points for a new member" }
per_silence = { default = 1.0, doc = "points taken off for each full length of silence" }
silence = { default = 30, doc = "a length of silence, in minutes" }
lowest = { default = 0.0, doc = "no score is below" }
highest = { default = 200.0, doc = "no score is above" }
red_below = { default = 100.0, doc = "scores below are red" }
yellow_to = { default = 150.0, doc = "scores to this one are yellow, those above green" }

[columns]
score = { type = "number", doc = "the sum of all points, held between the lowest and the highest", unit = "points" }
colour = { type = "text", doc = "red, yellow or green" }
messages = { type = "integer", doc = "posts, replies and broadcasts by people in the window", unit = "messages" }
points_messages = { type = "number", doc = "points for the messages", unit = "points" }
new_members = { type = "integer", doc = "members who joined in the window", unit = "members" }
points_new_members = { type = "number", doc = "points for the new members", unit = "points" }
silent_minutes = { type = "integer", doc = "full minutes since the newest message; empty before the first", unit = "minutes" }
points_silence = { type = "number", doc = "points taken off for the silence, below zero", unit = "points" }
*/
WITH said AS (
    SELECT
        count(*) FILTER (WHERE posted_at >= $since) AS messages,
        date_diff('microsecond', max(posted_at), $as_of) // 60_000_000 AS silent_minutes
    FROM people_messages WHERE posted_at <= $as_of
), came AS (
    SELECT count(*) AS new_members
    FROM joined SEMI JOIN people USING (user_id)
    WHERE joined_at BETWEEN $since AND $as_of
), points AS (
    SELECT
        *,
        $per_message * messages AS points_messages,
        $per_new_member * new_members AS points_new_members,
        0 - $per_silence * coalesce(silent_minutes // $silence, 0) AS points_silence
    FROM said CROSS JOIN came
), scored AS (
    SELECT
        *,
        greatest($lowest, least($highest,
            $start + points_messages + points_new_members + points_silence)) AS score
    FROM points
)
SELECT
    score,
    CASE WHEN score < $red_below THEN 'red' WHEN score <= $yellow_to THEN 'yellow' ELSE 'green' END
        AS colour,
    messages, points_messages, new_members, points_new_members, silent_minutes, points_silence
FROM scored
