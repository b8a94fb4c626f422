"""A Slack of ours beside the local stack: the Web API that PAM calls, Socket Mode, signed HTTP, and
people who type, click and look. `docs/local-slack.md` says what it does and what it does not.
"""
