"""A local Slack: an invented workspace, and the exports that Slack would write of it."""
