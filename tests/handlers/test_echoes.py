"""Whether PAM hears of its own leases: from CloudTrail's event to what calls a person."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pam.domain import messages
from pam.domain.cloudtrail import echo_of
from pam.domain.messages import event_of
from pam.domain.session import Session
from tests.fakes.cloudtrail import (
    ACCOUNT,
    EVENT_ID,
    ISSUER,
    WATCHED,
    assumption,
    event,
    identity,
)
from tests.fakes.story import Story
from tests.handlers.conftest import Function

Load = Callable[[str], Function]
KEY = "ASIAEXAMPLE"
SEARCH = event_of(messages.SearchTargets())


def told(session: Any, key: str = KEY, **changes: Any) -> dict[str, Any]:
    """CloudTrail's word of a lease: PAM's issuer assumed the role."""
    lease = assumption(identity(ISSUER, None), session.target.arn)
    lease["detail"] |= {"responseElements": {"credentials": {"accessKeyId": key}}}
    return lease | changes


def call(session: Session) -> dict[str, Any]:
    who = identity(session.target.arn, session.session_id)
    return event(userIdentity=who, eventTime="2026-03-01T12:01:00Z")


def unheard(search: Any, capsys: pytest.CaptureFixture[str]) -> list[Any]:
    capsys.readouterr()
    search(SEARCH)
    written = [line for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    lines = [json.loads(line) for line in written]
    return [line["LeaseEchoMissing"] for line in lines if "LeaseEchoMissing" in line]


@pytest.mark.parametrize(("key", "missing"), [(KEY, []), ("ASIAANOTHER", [[1.0]])])
def test_a_lease_is_missed_unless_cloudtrail_told_of_its_very_key(
    function: Load,
    story: Story,
    capsys: pytest.CaptureFixture[str],
    key: str,
    missing: list[Any],
) -> None:
    session = story.granted(seconds=14400)
    story.lease(session.session_id)
    recorder = function("record_activity")
    for _ in range(2):
        assert recorder(told(session, key)) == {"recorded": 0}, "it is no activity"
    story.later(minutes=31)
    assert unheard(function("revoke_session"), capsys) == missing


FORGED = {
    "somebody else's assumption": {"userIdentity": identity(source=None)},
    "another call of the issuer": {"eventName": "GetCallerIdentity"},
    "no access key": {"responseElements": None},
}


@pytest.mark.parametrize("case", FORGED)
def test_nothing_else_is_taken_for_an_echo(
    function: Load,
    story: Story,
    capsys: pytest.CaptureFixture[str],
    case: str,
) -> None:
    session = story.granted(seconds=14400)
    story.lease(session.session_id)
    forged = told(session)
    forged["detail"] |= FORGED[case]
    function("record_activity")(forged)
    story.later(minutes=31)
    assert unheard(function("revoke_session"), capsys) == [[1.0]]


def test_an_account_speaks_only_for_its_own_roles(function: Load, story: Story) -> None:
    session = story.granted()
    recorder = function("record_activity")
    for forged in (call(session), told(session)):
        with pytest.raises(ValueError, match="account 666666666666 tells of"):
            recorder(forged | {"account": "666666666666"})


def test_only_pams_own_account_tells_how_its_leases_were_made(story: Story) -> None:
    """An account that lends a role would hide by such an echo that PAM is blind."""
    echo = told(story.granted())
    home = "666666666666"
    watched = replace(WATCHED, account=home)
    assert echo_of(echo | {"account": home}, watched) == KEY
    with pytest.raises(ValueError, match=f"account {ACCOUNT} tells of"):
        echo_of(echo | {"account": ACCOUNT}, watched)


def test_a_call_that_came_by_two_ways_is_recorded_once(function: Load, story: Story) -> None:
    """A trail of all regions, and a forwarder besides."""
    session = story.granted()
    recorder = function("record_activity")
    account = session.target.arn.split(":")[4]
    here = call(session) | {"account": account, "region": "eu-west-1", "id": "1"}
    forwarded = here | {"region": "us-east-1", "id": "2"}
    assert [recorder(each)["recorded"] for each in (forwarded, here, forwarded)] == [1, 0, 0]
    ids = [
        record["request_id"]
        for record in story.store.records(session.session_id)
        if record["type"] == "Activity"
    ]
    assert ids == [EVENT_ID]
