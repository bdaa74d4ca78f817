"""Events of the local Slack: what acts make known, and how it reaches apps, by HTTP or socket."""
