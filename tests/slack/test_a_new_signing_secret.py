"""The signing secret is replaced while the door runs: the new one counts, and soon only that."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from pam.aws.slack_secrets import EmptySecret
from pam.slack.signature import SignedCall
from pam.slack_edge.signing import SecretVerifier
from tests.handlers.slack_scene import signature

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Secret:
    now: str = "old"
    fault: Exception | None = None
    read: int = 0

    def value(self) -> str:
        return self.renewed()

    def renewed(self) -> str:
        self.read += 1
        if self.fault:
            raise self.fault
        return self.now


def signed(secret: str, at: datetime) -> SignedCall:
    seconds = str(int(at.timestamp()))
    return SignedCall(
        timestamp=seconds,
        signature=signature(secret, seconds, b"{}"),
        content_type="application/json",
        body=b"{}",
    )


def vouches(verifier: SecretVerifier, secret: str, after: timedelta) -> bool:
    return verifier.vouches_for(signed(secret, NOON + after), NOON + after)


def test_a_new_one_counts_within_a_minute_and_the_old_one_no_more() -> None:
    secret = Secret()
    verifier = SecretVerifier(secret, read_at=NOON)
    secret.now = "new"
    assert not vouches(verifier, "new", timedelta(seconds=59))
    assert vouches(verifier, "new", timedelta(seconds=60))
    assert not vouches(verifier, "old", timedelta(seconds=61))


def test_an_old_one_counts_for_five_minutes_though_nobody_uses_the_new_one() -> None:
    secret = Secret()
    verifier = SecretVerifier(secret, read_at=NOON)
    secret.now = "new"
    assert vouches(verifier, "old", timedelta(seconds=299))
    assert not vouches(verifier, "old", timedelta(seconds=300))


def test_it_is_read_once_a_minute_at_most_whatever_comes() -> None:
    secret = Secret()
    verifier = SecretVerifier(secret, read_at=NOON)
    for seconds in range(600):
        assert not vouches(verifier, "forged", timedelta(seconds=seconds))
    assert secret.read <= 11


def test_while_it_cannot_be_read_the_last_one_counts_and_no_other() -> None:
    secret = Secret()
    verifier = SecretVerifier(secret, read_at=NOON)
    secret.fault = ConnectionError()
    assert vouches(verifier, "old", timedelta(minutes=6))
    assert not vouches(verifier, "", timedelta(minutes=8))


@pytest.mark.parametrize("emptied", [EmptySecret("the secret is empty"), None])
def test_one_that_is_emptied_lets_nothing_in(emptied: Exception | None) -> None:
    secret = Secret()
    verifier = SecretVerifier(secret, read_at=NOON)
    secret.now, secret.fault = " ", emptied
    for after in (timedelta(minutes=5), timedelta(minutes=5, seconds=1)):
        for told in ("old", ""):
            with pytest.raises(ValueError, match="empty"):
                vouches(verifier, told, after)
    secret.now, secret.fault = "new", None
    assert vouches(verifier, "new", timedelta(minutes=5, seconds=2))


def test_with_an_empty_one_nothing_starts() -> None:
    with pytest.raises(ValueError, match="empty"):
        SecretVerifier(Secret(now=""), read_at=NOON)
