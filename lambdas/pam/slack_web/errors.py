"""What may come of a call to Slack, beside its answer. None of them has a token, or people's text.

They stand apart from the client, which takes long to load.
"""


class SlackFailed(Exception):
    """`error` is Slack's own word, or ours where Slack said none."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


class Limited(SlackFailed):
    """Too many calls. After `retry_after` seconds the same call may be made again."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("ratelimited")
        self.retry_after = retry_after


class Gone(SlackFailed):
    """What was to be painted or asked about is not there, or not for PAM to write to."""


class Unauthorised(SlackFailed):
    """Slack takes the token no more, and the secret has no other."""


class Rejected(SlackFailed):
    """Slack will not do this, whenever it is asked: the call itself is at fault."""


class Unreachable(SlackFailed):
    """Slack did not answer in time, or not as it does. What was asked for may have been done."""


class Failing(Unreachable):
    """Slack answered that something of its own went wrong, and has not done it."""


class Silent(Unreachable):
    """Nothing came back. Only then may it have been done without a word."""
