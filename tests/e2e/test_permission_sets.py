"""A permission set that is lent: until when the very credentials work, and what stands after."""

import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from local.cast import Cast, Person, until
from local.identity_center.control import Live
from tests.e2e.bus import listen
from tests.e2e.ends import assert_taken_away_at
from tests.e2e.in_directories import (
    PAYMENTS,
    Portal,
    asked,
    begun,
    ended,
    lent,
    never_begun,
    records,
    searched,
    side_by_side,
)
from tests.e2e.overdue import closed

REASON = "Received a 409 status error: the role is in use"
SOMEBODY, SWITCHED_OFF = "load20", "load19"
BUSY = ("ConflictException", "ThrottlingException")
ASSIGN, UNASSIGN = "CreateAccountAssignment", "DeleteAccountAssignment"
WRITE, PROVISION = "PutInlinePolicyToPermissionSet", "ProvisionPermissionSet"
HAND_MADE = {"Sid": "HandMade", "Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"}


@pytest.fixture
def portal(cast: Cast) -> Iterator[Portal]:
    yield Portal(cast=cast)
    cast.identity_center.call("forget_faults")


@pytest.fixture(scope="module", autouse=True)
def failing(cast: Cast) -> str:
    """A session whose assignment Identity Center takes, and then does not make. It takes
    a while to end: what was asked for might still be under way.
    """
    center = cast.identity_center
    before = len(center.calls())
    center.call("fail", operation=ASSIGN, reason=REASON)
    session_id = asked(cast, SOMEBODY, PAYMENTS)

    def asked_for() -> bool | None:
        made = (each["operation"] for each in center.calls(before))
        return ASSIGN in made or None

    until(asked_for, "Identity Center to be asked")
    return session_id


def met(cast: Cast, before: int) -> set[tuple[str, str]]:
    """Which operations were refused since, and how."""
    calls = cast.identity_center.calls(before)
    return {(each["operation"], each["error"]) for each in calls if each["error"]}


@pytest.mark.guarantee("G4")
def test_the_credentials_end_with_the_session_and_the_next_session_of_the_person_works_at_once(
    cast: Cast, portal: Portal, alice: Person
) -> None:
    first = lent(cast, "alice", PAYMENTS, duration_seconds=15)
    live = portal.live("alice")
    second = asked(cast, "alice", PAYMENTS, duration_seconds=60)
    assert alice.session(second)["waits_for"] == first["session_id"]
    assert_taken_away_at(datetime.fromisoformat(first["expires_at"]), lambda: portal.works(live))
    over = alice.wait_for(first["session_id"], "EXPIRED")
    assert over["ending"]["method"] == "assignment-gone"
    next_one = begun(alice, second)
    assert next_one["activated_at"] >= first["expires_at"]
    anew = portal.live("alice")
    assert portal.works(anew)
    assert not portal.works(live), "what was had before stays refused"
    early = ended(alice, second)
    assert early["ending"]["method"] == "assignment-gone"
    assert not portal.works(anew)
    assert not portal.shows("alice")


@pytest.mark.guarantee("G6")
def test_what_identity_center_took_and_did_not_do_is_a_failure_with_its_reason(
    cast: Cast, portal: Portal, failing: str
) -> None:
    failed = closed(cast, cast.person(SOMEBODY), failing, "FAILED")
    assert REASON in failed["end_reason"]
    assert failed["ending"]["evidence"]
    assert not portal.shows(SOMEBODY)


@pytest.mark.guarantee("G5")
@pytest.mark.guarantee("G14")
def test_a_block_shuts_out_whoever_signs_in_while_the_assignment_still_stands(
    cast: Cast, portal: Portal, dave: Person, sam: Person
) -> None:
    """And starts no session that waited for the one which it ended."""
    first = lent(cast, "dave", PAYMENTS)["session_id"]
    second = asked(cast, "dave", PAYMENTS)
    live = portal.live("dave")
    assert portal.works(live)
    before = len(cast.identity_center.calls())
    for each in BUSY:
        cast.identity_center.call("refuse", operation=PROVISION, code=each)
    # Throttled first: what is taken back at last, nobody may be quicker than.
    cast.identity_center.call("refuse", operation=UNASSIGN, code=BUSY[1])
    cast.identity_center.call("refuse", operation=UNASSIGN, code=BUSY[0], times=1000)
    order = {"person": "dave", "reason": "laptop stolen", "seconds": 3600}
    try:
        with ThreadPoolExecutor() as pool:
            blocking = pool.submit(sam.post, "/pam/block", order)
            portal.refused_soon(live)
            late = portal.live("dave")
            assert not portal.works(late), "denied before it was unassigned"
            until(lambda: (UNASSIGN, BUSY[0]) in met(cast, before) or None, "a refused deletion")
            cast.identity_center.call("accept", operation=UNASSIGN)
            assert blocking.result().status == 200
    finally:
        sam.call("DELETE", "/pam/blocklist/dave?reason=found")
    over = [closed(cast, dave, first, "REVOKED"), never_begun(dave, second)]
    assert met(cast, before) >= set(product((PROVISION, UNASSIGN), BUSY))
    methods = [each["ending"]["method"] for each in over]
    assert methods == ["assignment-gone", "never-granted"]
    assert not portal.shows("dave")


@pytest.fixture
def newcomer(cast: Cast) -> Person:
    """Somebody of whom nobody was told today: of each stranger PAM tells once a day."""
    who = cast.colleague(f"newcomer-{uuid.uuid4().hex[:8]}")
    cast.identity_center.call("create_user", name=who.name)
    return who


@pytest.fixture(params=["by name", "by a group"])
def foreign(request: pytest.FixtureRequest, cast: Cast, newcomer: Person) -> Iterator[str]:
    """Theirs, by hand; the id of whoever has it."""
    center, group = cast.identity_center, f"group of {newcomer.name}"
    if request.param == "by name":
        yield str(center.call("assign", user=newcomer.name)["principal_id"])
        center.call("unassign", user=newcomer.name)
        return
    center.call("create_group", name=group)
    center.call("add_member", group=group, user=newcomer.name)
    yield str(center.call("assign", group=group)["principal_id"])
    center.call("unassign", group=group)
    center.call("delete_group", name=group)


@pytest.mark.guarantee("G6")
def test_an_assignment_that_was_there_before_is_neither_lent_nor_taken_and_is_told(
    cast: Cast, portal: Portal, newcomer: Person, heard: list[dict[str, Any]], foreign: str
) -> None:
    failed = newcomer.wait_for(asked(cast, newcomer.name, PAYMENTS), "FAILED")
    assert failed["end_reason"].startswith("CONFLICT: ")
    searched(cast)
    assert foreign in portal.assigned()
    assert not portal.sids() or all("Pam" in each for each in portal.sids())
    told = until(
        lambda: [each for each in listen(cast, heard, "") if foreign in json.dumps(each)] or None,
        "the stranger to be told",
    )
    assert told[0]["detail-type"] == "PAM Drift"


@pytest.mark.guarantee("G6")
def test_a_statement_that_somebody_wrote_into_the_policy_stops_the_next_start_and_stays(
    cast: Cast, portal: Portal, alice: Person
) -> None:
    before = cast.identity_center.call("permission_set")["wanted"]["inline_policy"]
    cast.identity_center.call("add_statement", statement=HAND_MADE)
    failed = alice.wait_for(asked(cast, "alice", PAYMENTS), "FAILED")
    there = cast.identity_center.call("permission_set")["wanted"]["inline_policy"]
    statements = before and json.loads(before)["Statement"]
    cast.identity_center.call("write_policy", statements=statements)
    assert failed["end_reason"].startswith("CONFLICT: ")
    assert "HandMade" in failed["end_reason"]
    assert "HandMade" in there
    assert not portal.shows("alice")


def done_by(live: Live, *, signed_in: datetime, user: str = "") -> dict[str, Any]:
    """A call with these credentials, as CloudTrail tells of it."""
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    role = f"arn:aws:iam::{live.account}:role/aws-reserved/sso.amazonaws.com/{live.role_name}"
    issuer = {"type": "Role", "arn": role, "userName": live.role_name}
    made = {"creationDate": f"{signed_in:%Y-%m-%dT%H:%M:%SZ}", "mfaAuthenticated": "false"}
    whose = live.principal.rpartition("/")[0] + f"/{user or live.user_name}"
    detail = {
        "eventID": str(uuid.uuid4()),
        "eventTime": now,
        "eventSource": "s3.amazonaws.com",
        "eventName": "DeleteBucket",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.7",
        "userIdentity": {
            "type": "AssumedRole",
            "arn": whose,
            "accountId": live.account,
            "sessionContext": {"sessionIssuer": issuer, "attributes": made},
            "onBehalfOf": {"userId": live.user_id},
        },
    }
    return {"source": "aws.s3", "detail-type": "AWS API Call via CloudTrail", "detail": detail}


@pytest.mark.guarantee("G5")
def test_a_deny_that_was_removed_is_back_and_on_record_and_what_was_done_is_in_the_trail(
    cast: Cast, portal: Portal, alice: Person, heard: list[dict[str, Any]]
) -> None:
    before, refused = (
        len(cast.identity_center.calls()),
        {*product([ASSIGN], BUSY), (WRITE, BUSY[1])},
    )
    for operation, code in refused:
        cast.identity_center.call("refuse", operation=operation, code=code)
    session_id = lent(cast, "alice", PAYMENTS)["session_id"]
    assert met(cast, before) >= refused
    deny = f"Pam{session_id}"
    assert deny in portal.sids()
    cast.identity_center.call("write_policy", statements=None)

    def back() -> bool | None:
        searched(cast)
        return deny in portal.sids() or None

    until(back, "the deny to be back")

    def told() -> list[dict[str, Any]] | None:
        """Whoever wrote it again, another session's end too: the next search tells it."""
        searched(cast)
        return records(cast, session_id, "Drift") or None

    drift = until(told, "the record")
    assert {each["detail"].partition(": ")[0] for each in drift} == {"undone"}

    live, now = portal.live("alice"), datetime.now(UTC)
    recorded = cast.invoke("record_activity", done_by(live, signed_in=now))["recorded"]
    assert recorded == 1
    (activity,) = records(cast, session_id, "Activity")
    assert (activity["outcome"], "DeleteBucket" in activity["detail"]) == ("success", True)
    for dark in (
        # Before any session of hers that other tests had here.
        done_by(live, signed_in=now - timedelta(days=1)),
        done_by(live, signed_in=now, user="kate"),
    ):
        assert cast.invoke("record_activity", dark)["recorded"] == 1
        wanted = dark["detail"]["eventID"]
        until(
            lambda wanted=wanted: _dark(cast, heard, wanted),  # type: ignore[misc]
            "the finding",
        )
    ended(alice, session_id)
    assert not portal.works(live)


def _dark(cast: Cast, heard: list[dict[str, Any]], event_id: str) -> bool | None:
    found = listen(cast, heard, "")
    return (
        any(
            each["detail-type"] == "PAM Dark Access" and event_id in json.dumps(each)
            for each in found
        )
        or None
    )


@pytest.mark.guarantee("G6")
def test_users_that_are_deleted_renamed_or_switched_off_in_between_lose_what_they_have(
    cast: Cast, portal: Portal, alice: Person, dave: Person
) -> None:
    center = cast.identity_center
    center.knobs(deleted_principal="succeeds")
    people = (alice, dave, cast.person(SWITCHED_OFF))
    sessions = {who: asked(cast, who.name, PAYMENTS) for who in people}
    for who, session_id in sessions.items():
        begun(who, session_id)
    lives = [portal.live(who.name) for who in sessions]
    center.call("rename_user", name="alice", to="alicia")
    center.call("delete_user", name="dave")
    center.call("enable_user", name=SWITCHED_OFF, enabled=False)
    try:
        over = side_by_side(lambda who: ended(who, sessions[who]), sessions)
    finally:
        center.call("rename_user", name="alicia", to="alice")
        center.call("create_user", name="dave")
        center.call("enable_user", name=SWITCHED_OFF, enabled=True)
    assert {each["ending"]["method"] for each in over} == {"assignment-gone"}
    assert [portal.works(live) for live in lives] == [False, False, False]
    assert not portal.assigned() & {live.user_id for live in lives}
