"""The way out to Slack: its Web API, by its own client."""
