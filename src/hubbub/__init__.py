"""Hubbub tells a Slack community what is going on in it."""
