/*
title = "Growth"
question = "How many members have joined, and are they more than in the time before?"
note = "The time before is as long as the window, and ends where it begins. A member has joined with the first join notice, else the first message, else when first seen."
members = "new_members"

[parameters]
since = "30 days"

[columns]
new_members = { type = "integer", doc = "members who joined in the window", unit = "members" }
new_members_before = { type = "integer", doc = "members who joined in the time before", unit = "members" }
new_members_change = { type = "number", doc = "by how much they changed; empty where there were none", unit = "%" }
members = { type = "integer", doc = "members who had joined by the end of the window", unit = "members" }
*/
WITH came AS (
    SELECT
        count(*) FILTER (WHERE joined_at >= $since) AS new_members,
        count(*) FILTER (WHERE joined_at < $since AND joined_at >=
            $since - to_microseconds(date_diff('microsecond', $since, $as_of)))
            AS new_members_before,
        count(*) AS members
    FROM joined SEMI JOIN people USING (user_id)
    WHERE joined_at <= $as_of
)
SELECT
    new_members, new_members_before,
    100 * (new_members - new_members_before) / nullif(new_members_before, 0)
        AS new_members_change,
    members
FROM came
