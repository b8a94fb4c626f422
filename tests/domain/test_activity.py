"""What CloudTrail tells of a lent role, and whether somebody had that access."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.domain import timestamps
from pam.domain.activity import (
    LONGEST_TEXT,
    Activity,
    one_line,
    while_it_ended,
    why_dark,
    why_open,
)
from pam.domain.cloudtrail import of_cloudtrail
from pam.domain.kinds import KINDS, Source
from pam.domain.openings import Fence, Opening
from pam.domain.session import Session
from tests.fakes.cloudtrail import (
    ACCOUNT,
    BUCKET,
    EVENT_ID,
    ISSUER,
    ROLE,
    SESSION_ID,
    WATCHED,
    assumption,
    event,
    identity,
)
from tests.fakes.story import KYC, LEDGER, NOON, Story


def read(told: object) -> Activity:
    activity = of_cloudtrail(told, WATCHED)
    assert activity is not None
    return activity


def test_a_call_of_a_lent_role_is_read_with_the_session_that_it_names() -> None:
    assert read(event()) == Activity(
        source=Source.CLOUDTRAIL,
        activity_id=EVENT_ID,
        at=timestamps.parse("2026-03-01T12:00:10Z"),
        place=ROLE,
        session_id=SESSION_ID,
        what=f"s3:DeleteBucket in eu-west-1 {BUCKET}",
        principal=f"arn:aws:sts::{ACCOUNT}:assumed-role/pam-target-core-ledger-admin/alice",
        source_ip="192.0.2.7",
        user_agent="aws-cli/2",
        access_key_id="ASIAEXAMPLE",
    )


def test_what_is_told_of_a_call_has_its_own_time_and_why_it_was_refused() -> None:
    activity = read(event(errorCode="AccessDenied"))
    assert activity.described == (
        f"cloudtrail 2026-03-01T12:00:10.000Z s3:DeleteBucket in eu-west-1 {BUCKET}: AccessDenied"
    )


def test_no_parameter_of_a_call_is_told() -> None:
    assert "secret parameter" not in repr(read(event()))


OTHERS = {
    "a role that is not lent": event(userIdentity=identity(ISSUER)),
    "a user": event(userIdentity={"type": "IAMUser", "arn": "arn:aws:iam::1:user/x"}),
    "a sign-in": event() | {"detail-type": "AWS Console Sign In via CloudTrail"},
    "an event that somebody made up": event() | {"source": "bank.app"},
    "an event of a service": event() | {"detail-type": "AWS Service Event via CloudTrail"},
    "PAM's own lease": assumption(identity(ISSUER, None)),
    "the other account's copy of PAM's own lease": assumption(
        {"type": "AWSAccount", "principalId": "AROAX:alice", "accountId": ACCOUNT}
    ),
    "a role that is not lent, assumed by somebody": assumption(identity(ISSUER, None), ISSUER),
    "nothing": {},
    "no object": [],
}


@pytest.mark.parametrize("case", OTHERS)
def test_what_is_none_of_pams_business_is_left_alone(case: str) -> None:
    assert of_cloudtrail(OTHERS[case], WATCHED) is None


ASSUMED_BY = {
    "another role": identity(ISSUER.replace("test", "prod"), None),
    "a user": {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/mallory"},
    "another account": {"type": "AWSAccount", "accountId": "999999999999"},
    "a service": {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"},
    "nobody who is named": {},
}


@pytest.mark.parametrize("name", ["AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"])
@pytest.mark.parametrize("who", ASSUMED_BY)
def test_whoever_but_pam_assumes_a_lent_role_is_a_finding_of_no_session(
    who: str, name: str
) -> None:
    activity = read(assumption(ASSUMED_BY[who], name=name))
    assert activity.finding == f"{ROLE} was assumed by another"
    assert activity.session_id == "", "what the caller gave as source identity is no proof"
    assert activity.principal


@pytest.mark.parametrize(
    ("source", "finding"),
    [
        (None, "it has no source identity"),
        ("", "it has no source identity"),
        ("mallory", "its source identity mallory is no session"),
        (SESSION_ID.lower(), f"its source identity {SESSION_ID.lower()} is no session"),
    ],
)
def test_a_call_that_names_no_session_is_a_finding(source: str | None, finding: str) -> None:
    activity = read(event(userIdentity=identity(source=source)))
    assert (activity.session_id, activity.finding) == ("", finding)


BROKEN = {
    "no id": {"eventID": None},
    "an id that is none": {"eventID": "a#b"},
    "an id without end": {"eventID": "a" * 200},
    "no time": {"eventTime": ""},
    "a time that is none": {"eventTime": "yesterday"},
    "a time without a zone": {"eventTime": "2026-03-01T12:00:10"},
    "a time before all time": {"eventTime": "0001-01-01T00:00:00+23:00"},
    "no name": {"eventName": 7},
    "no source": {"eventSource": None},
}


@pytest.mark.parametrize("case", BROKEN)
def test_an_event_of_a_lent_role_that_cannot_be_read_is_told_of(case: str) -> None:
    with pytest.raises(ValueError, match=r"event|isoformat|zone"):
        of_cloudtrail(event(**BROKEN[case]), WATCHED)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just(ROLE),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


@given(
    st.dictionaries(
        st.sampled_from([*event()["detail"], "errorCode", "errorMessage"]), JSON, max_size=4
    )
)
def test_any_event_is_read_or_refused(odd: dict[str, Any]) -> None:
    try:
        activity = of_cloudtrail(event(**odd), WATCHED)
    except ValueError:
        return
    if activity is not None:
        json.dumps(activity.described).encode()
        assert len(activity.what) <= LONGEST_TEXT


@given(JSON)
def test_whatever_comes_is_read_or_left_alone(odd: Any) -> None:
    assert of_cloudtrail(odd, WATCHED) is None


@given(st.text(st.characters(), max_size=80), st.integers(min_value=1, max_value=40))
def test_text_of_a_log_is_one_printable_bounded_line(text: str, longest: int) -> None:
    shown = one_line(text, longest)
    assert shown.isprintable()
    assert len(shown) <= longest
    shown.encode()


@pytest.fixture
def session() -> Session:
    """For ten minutes from a second past noon; activated three quarters of a second before that."""
    return Story().granted()


def act(session: Session, **changes: Any) -> Activity:
    activity = read(event(userIdentity=identity(source=session.session_id)))
    return replace(activity, **{"place": session.target.arn, **changes})


def ended(session: Session) -> Session:
    story = Story()
    story.store.sessions[session.session_id] = session
    story.store.trails[session.session_id] = []
    story.later(minutes=5)
    return story.end(session.session_id)


Times = Callable[[Session], dict[str, Any]]
HELD: dict[str, Times] = {
    "in its middle": lambda s: {"at": NOON + timedelta(minutes=1)},
    "in its first second, told as the second's beginning": lambda s: {
        "at": NOON.replace(microsecond=0)
    },
    "in its last second": lambda s: {"at": NOON.replace(microsecond=0) + timedelta(minutes=10)},
    "refused after its end": lambda s: {
        "at": NOON + timedelta(hours=1),
        "error": "AccessDenied",
    },
}


@pytest.mark.parametrize("case", HELD)
def test_what_a_session_did_in_its_time_is_no_finding(session: Session, case: str) -> None:
    assert why_dark(act(session, **HELD[case](session)), session) == ""


DARK: dict[str, tuple[Times, str]] = {
    "before": (
        lambda s: {"at": NOON.replace(microsecond=0) - timedelta(seconds=1)},
        "the session was active only from 2026-03-01T12:00:01.000Z",
    ),
    "before, though refused": (
        lambda s: {"at": NOON - timedelta(hours=1), "error": "AccessDenied"},
        "the session was active only from 2026-03-01T12:00:01.000Z",
    ),
    "at its end": (
        lambda s: {"at": s.expires_at},
        "the access was over since 2026-03-01T12:10:01.000Z",
    ),
    "elsewhere": (
        lambda s: {"place": "arn:aws:iam::111122223333:role/another"},
        f"the session is for {LEDGER}",
    ),
    "in a database": (
        lambda s: {"source": Source.POSTGRESQL, "place": "/aws/rds/instance/x/postgresql"},
        f"the session is for {LEDGER}",
    ),
    "a finding already": (lambda s: {"finding": "assumed"}, "assumed"),
}


@pytest.mark.parametrize("case", DARK)
def test_what_a_session_may_not_have_done_is_a_finding(session: Session, case: str) -> None:
    changes, why = DARK[case]
    assert why_dark(act(session, **changes(session)), session) == why


def test_nothing_is_allowed_to_a_session_that_is_unknown_or_was_never_active() -> None:
    waiting = Story().request(resource=KYC)
    assert why_dark(act(waiting), waiting) == "the session was never active"
    assert why_dark(act(waiting), None) == f"there is no session {waiting.session_id}"


def test_an_early_end_ends_what_is_allowed_before_the_session_would_have_expired(
    session: Session,
) -> None:
    over = ended(session)
    assert over.ending is not None
    before = act(over, at=over.ending.decided_at - timedelta(seconds=1))
    after = act(over, at=over.ending.decided_at + timedelta(seconds=60))
    assert why_dark(before, over) == ""
    assert why_dark(after, over) == "the access was over since 2026-03-01T12:05:00.250Z"
    assert why_dark(replace(after, error="AccessDenied"), over) == ""


IN_THE_WINDOW: dict[str, tuple[int, bool]] = {
    # milliseconds after the decision
    "just before it": (-1, False),
    "at it": (0, True),
    "before AWS obeys the deny": (4_000, True),
    "at the last moment": (59_999, True),
    "after it": (60_000, False),
    "long after it": (240_000, False),
}


@pytest.mark.guarantee("G5")
@pytest.mark.parametrize("case", IN_THE_WINDOW)
def test_a_minute_after_an_early_end_aws_may_not_yet_refuse(session: Session, case: str) -> None:
    milliseconds, in_it = IN_THE_WINDOW[case]
    over = ended(session)
    assert over.ending is not None
    done = act(over, at=over.ending.decided_at + timedelta(milliseconds=milliseconds))

    assert while_it_ended(done, over) is in_it
    assert not while_it_ended(replace(done, error="AccessDenied"), over)
    assert (why_dark(done, over) == "") is (in_it or milliseconds < 0)


READ_BACK_LATE: dict[str, tuple[int, int, bool]] = {
    # seconds from the decision to the read-back, and to the act
    "before the receipt's instant": (20, 79, True),
    "at it": (20, 80, False),
    "when the end is stuck, whatever the receipt says": (200, 120, False),
}


@pytest.mark.guarantee("G5")
@pytest.mark.parametrize("case", READ_BACK_LATE)
def test_where_a_target_is_read_back_later_that_minute_begins_there(
    session: Session, case: str
) -> None:
    read_back, acted, in_it = READ_BACK_LATE[case]
    over = ended(session)
    assert over.ending is not None
    seen = over.ending.decided_at + timedelta(seconds=read_back)
    late = replace(over.ending, confirmed_at=seen, effective_at=seen + timedelta(seconds=60))
    done = act(over, at=over.ending.decided_at + timedelta(seconds=acted))

    assert while_it_ended(done, replace(over, ending=late)) is in_it


def ending_at(session: Session, decided_at: datetime) -> Session:
    story_of = ended(session)
    assert story_of.ending is not None
    return replace(story_of, ending=replace(story_of.ending, decided_at=decided_at))


@pytest.mark.guarantee("G5")
def test_the_window_never_goes_beyond_the_sessions_own_end(session: Session) -> None:
    """Whatever is decided and whenever: the lease ends to the second by itself."""
    assert session.expires_at is not None
    for early in (timedelta(seconds=10), timedelta(0), timedelta(seconds=-10)):
        over = ending_at(session, session.expires_at - early)
        late = act(over, at=session.expires_at)
        assert why_dark(late, over).startswith("the access was over since"), early
    over = ending_at(session, session.expires_at - timedelta(seconds=10))
    within = act(over, at=session.expires_at - timedelta(seconds=1))
    assert why_dark(within, over) == ""


@pytest.mark.guarantee("G5")
def test_an_end_that_takes_long_to_be_confirmed_does_not_lengthen_the_window(
    session: Session,
) -> None:
    over = ended(session)
    assert over.ending is not None
    slow = replace(over.ending, confirmed_at=over.ending.decided_at + timedelta(minutes=3))
    over = replace(over, ending=slow)

    assert why_dark(act(over, at=slow.decided_at + timedelta(seconds=61)), over)


@pytest.mark.guarantee("G5")
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_only_kinds_whose_end_is_obeyed_late_have_a_window(kind: str) -> None:
    assert (KINDS[kind].bites.within > timedelta(0)) == (kind in {"aws-role", "identity-center"})


def test_after_its_end_a_database_has_no_window() -> None:
    story = Story()
    over = story.end(story.granted(resource="core-ledger-db").session_id)
    assert over.ending is not None
    shown = over.target.row.shown
    assert shown is not None
    done = replace(act(over, at=over.ending.decided_at), source=shown.source)
    done = replace(done, place=over.target.shown_at or done.place)

    assert why_dark(done, over).startswith("the access was over since")


def test_what_the_lease_denies_is_dark_access_in_the_window_too(session: Session) -> None:
    over = ended(session)
    assert over.ending is not None
    fenced = Opening(reason="makes credentials", fence=Fence.EVERY)
    done = act(over, at=over.ending.decided_at + timedelta(seconds=1), opening=fenced)

    assert why_dark(done, over).startswith("its lease denies that")


@pytest.mark.parametrize("seconds", [0, 600])
def test_the_identity_that_aws_always_tells_is_a_finding_after_the_end(
    session: Session, seconds: int
) -> None:
    """Signed in advance it is what EKS and Vault take for a login; no policy can deny it."""
    asked = read(event(eventSource="sts.amazonaws.com", eventName="GetCallerIdentity"))
    assert asked.opening is None
    assert session.expires_at is not None
    late = replace(asked, at=session.expires_at + timedelta(seconds=seconds))
    assert why_dark(late, session).startswith("the access was over since")
    assert why_dark(replace(asked, at=NOON + timedelta(minutes=1)), session) == ""


def made(name: str, session: Session, **detail: Any) -> Activity:
    service, _, call = name.partition(":")
    told = event(
        eventSource=f"{service}.amazonaws.com",
        eventName=call,
        userIdentity=identity(source=session.session_id),
        **detail,
    )
    return replace(read(told), place=session.target.arn, at=NOON + timedelta(minutes=1))


def test_what_a_session_opens_beyond_its_end_is_told_and_is_no_dark_access(
    session: Session,
) -> None:
    opened = made("s3:PutBucketPolicy", session)
    assert why_dark(opened, session) == ""
    assert why_open(opened) == "lets others in by a policy of the resource"
    assert why_open(replace(opened, error="AccessDenied")) == ""
    assert why_open(made("s3:PutObject", session)) == ""


@pytest.mark.parametrize("name", ["iam:CreateUser", "iam:DeleteRolePolicy", "sts:AssumeRoot"])
def test_a_call_that_its_lease_denies_is_dark_access_if_it_succeeded(
    session: Session, name: str
) -> None:
    done = made(name, session)
    assert why_dark(done, session).startswith("its lease denies that")
    assert why_dark(replace(done, error="AccessDenied"), session) == ""


def test_a_session_of_a_role_that_is_lent_for_changing_iam_may_and_it_is_told(
    session: Session,
) -> None:
    lent_for_iam = replace(session, target=replace(session.target, settings={"iam_writes": "true"}))
    made_user = made("iam:CreateUser", lent_for_iam)
    assert why_dark(made_user, lent_for_iam) == ""
    assert why_open(made_user) == "makes a login, a key or a token that is no lease"
    assert why_dark(made("sts:GetFederationToken", lent_for_iam), lent_for_iam)
