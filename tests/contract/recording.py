"""An STS that gives what is asked for and remembers it, and sessions that have leased."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from pam.domain.session import Session
from tests.fakes.story import Story

SECRET = {"AccessKeyId": "ASIAX", "SecretAccessKey": "s", "SessionToken": "t"}


class RecordingSts:
    def __init__(self, error: Exception | None = None) -> None:
        self.calls: list[dict[str, Any]] = []
        self._error = error

    def assume_role(self, **arguments: Any) -> dict[str, Any]:
        self.calls.append(arguments)
        if self._error is not None:
            raise self._error
        until = Story().now + timedelta(seconds=arguments["DurationSeconds"])
        return {"Credentials": {**SECRET, "Expiration": until}}


def lived_until(session: Session, minutes: int) -> Session:
    """Leased once, with credentials that STS knows so long after the end."""
    assert session.expires_at is not None
    live_until = session.expires_at + timedelta(minutes=minutes)
    return replace(
        session,
        leases=1,
        leases_end_at=session.expires_at,
        credentials_live_until=live_until,
    )
