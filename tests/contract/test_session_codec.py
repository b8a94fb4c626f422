"""Whatever a session can be, it is read back as it was written, through DynamoDB's own types."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from pam.aws import session_codec, table_keys
from pam.aws.attribute_values import from_item, to_item
from pam.domain import deadlines, ids, proofs, timestamps
from pam.domain.approval import ApprovalsNeeded, Ballot, Vote
from pam.domain.circumstances import Circumstances
from pam.domain.ending import Ending, ReceiptMethod
from pam.domain.kinds import KINDS
from pam.domain.lifecycle import CLOSED, Status
from pam.domain.people import Auth, Surface
from pam.domain.resource import Environment, Target
from pam.domain.review import Judgement, LookBack, Review
from pam.domain.session import Session
from tests.fakes.story import Story

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001 - bounds are naive, the values are not
    timestamps.truncate
)
LENGTHS = st.integers(1, 14_400).map(lambda seconds: timedelta(seconds=seconds))
COUNTS = st.integers(0, 10**9)


def maybe(strategy: SearchStrategy[Any]) -> SearchStrategy[Any]:
    return st.none() | strategy


VOTES = st.builds(
    Vote,
    name=TEXTS,
    principal=TEXTS,
    domain=TEXTS,
    decision=st.sampled_from(Ballot),
    comment=TEXTS,
    at=INSTANTS,
    duration=maybe(LENGTHS),
)
TARGETS = st.sampled_from(sorted(KINDS)).flatmap(
    lambda kind: st.builds(
        Target,
        kind=st.just(kind),
        names=st.fixed_dictionaries(dict.fromkeys(KINDS[kind].names, TEXTS)),
        settings=st.dictionaries(TEXTS, TEXTS, max_size=2),
    )
)
IDS = INSTANTS.map(lambda instant: ids.bounds(instant, instant)[0])
ENDINGS = st.builds(
    Ending,
    decided_at=INSTANTS,
    outcome=st.sampled_from(sorted(CLOSED)),
    reason=TEXTS,
    by=TEXTS,
    confirmed_at=maybe(INSTANTS),
    method=maybe(st.sampled_from(ReceiptMethod)),
    evidence=TEXTS,
)
LOOKS = st.builds(
    LookBack,
    name=TEXTS,
    principal=TEXTS,
    judgement=st.sampled_from(Judgement),
    comment=TEXTS,
    at=INSTANTS,
)
REVIEWS = st.builds(
    Review,
    due_at=INSTANTS,
    outcome=TEXTS,
    given=st.lists(LOOKS, max_size=3).map(tuple),
    escalated_at=maybe(INSTANTS),
)
CIRCUMSTANCES = st.builds(
    Circumstances,
    surface=st.sampled_from(Surface),
    auth=st.none() | st.sampled_from(Auth),
    break_glass=st.booleans(),
    ticket=TEXTS,
    signals=st.dictionaries(st.sampled_from(["ticket", "of a later version"]), TEXTS),
)
SESSIONS = st.builds(
    Session,
    session_id=TEXTS,
    status=st.sampled_from(Status),
    requester=TEXTS,
    requester_name=TEXTS,
    requester_domain=TEXTS,
    resource=TEXTS,
    environment=st.sampled_from(Environment),
    domain=TEXTS,
    target=TARGETS,
    waits_for=st.just("") | IDS,
    reason=TEXTS,
    circumstances=CIRCUMSTANCES,
    asked_duration=LENGTHS,
    duration=LENGTHS,
    needed=st.builds(ApprovalsNeeded, total=COUNTS, domain=COUNTS),
    votes=st.lists(VOTES, max_size=3).map(tuple),
    created_at=INSTANTS,
    approval_expires_at=INSTANTS,
    approved_at=maybe(INSTANTS),
    activating_at=maybe(INSTANTS),
    activated_at=maybe(INSTANTS),
    expires_at=maybe(INSTANTS),
    ended_at=maybe(INSTANTS),
    ending=maybe(ENDINGS),
    review=maybe(REVIEWS),
    execution_arn=TEXTS,
    leases=COUNTS,
    leases_end_at=maybe(INSTANTS),
    traces_until=maybe(INSTANTS),
    credentials_live_until=maybe(INSTANTS),
    notices=COUNTS,
    noticed_at=maybe(INSTANTS),
    notifying_until=maybe(INSTANTS),
    sequence=COUNTS,
    last_hash=TEXTS,
)


@given(SESSIONS)
def test_every_session_is_read_back_from_a_table_item_as_it_was_written(session: Session) -> None:
    item = from_item(to_item(table_keys.session_item(session)))
    assert session_codec.decode(item["document"]) == session


@pytest.mark.parametrize("in_person", [True, False], ids=["by its person", "by a runbook"])
def test_a_session_of_before_there_were_circumstances_is_read_as_what_it_was(
    *, in_person: bool
) -> None:
    """How it was asked for, by its origin; and what was signed then is still proven."""
    story = Story()
    if in_person:
        session = story.request(break_glass=True, ticket="INC-1")
    else:
        session = story.store.sessions[story.by_runbook(break_glass=True).session_id]
    document = session_codec.encode(session)
    for name in ("auth", "signals"):
        del document[name]
    read = session_codec.decode(document)
    assert read == session
    assert story.keys.verify(proofs.evidence(read).all) == (True,)


def test_an_earlier_version_finds_the_ticket_and_break_glass_where_it_put_them() -> None:
    document = session_codec.encode(Story().request(break_glass=True, ticket="INC-1"))
    assert (document["break_glass"], document["ticket"]) == (True, "INC-1")


@given(SESSIONS)
def test_the_document_is_plain_data(session: Session) -> None:
    document = session_codec.encode(session)
    assert json.loads(json.dumps(document)) == document
    assert session_codec.decode(document) == session


@given(SESSIONS)
def test_numbers_and_instants_come_back_as_what_they_were(session: Session) -> None:
    read = session_codec.decode(from_item(to_item(table_keys.session_item(session)))["document"])
    assert {type(read.leases), type(read.sequence), type(read.needed.total)} == {int}
    assert read.created_at.tzinfo is UTC
    assert all(vote.at.tzinfo is UTC for vote in read.votes)


@pytest.mark.guarantee("G6")
@given(SESSIONS)
def test_an_item_is_in_the_index_of_deadlines_exactly_while_somebody_must_look(
    session: Session,
) -> None:
    item = table_keys.session_item(session)
    if deadlines.due_at(session) is None:
        assert not {"open", "due_at"} & set(item)
    else:
        wanted = table_keys.WAITING if session.traces_until is None else table_keys.ENDED
        assert item["open"] == (table_keys.AT_STAKE if session.access_may_exist else wanted)
        assert timestamps.parse(item["due_at"]) == deadlines.due_at(session)


@given(SESSIONS)
def test_a_session_that_was_stored_before_there_were_notices_is_read_all_the_same(
    session: Session,
) -> None:
    document = session_codec.encode(session)
    for name in ("notices", "noticed_at", "notifying_until", "tries", "tried_at"):
        del document[name]
    if document["review"]:
        del document["review"]["given"], document["review"]["escalated_at"]
        document["review"]["reviewers"] = []
    read = session_codec.decode(document)
    assert (read.notices, read.noticed_at, read.notifying_until) == (0, None, None)
    assert (read.tries, read.tried_at) == (0, None)
    assert read.review is None or read.review.given == ()


@given(SESSIONS)
def test_every_key_of_an_index_is_text(session: Session) -> None:
    item = table_keys.session_item(session)
    keys = {"pk", "sk", "session_id", "status", "requester_person", "resource", "listing"}
    assert {type(item[name]) for name in keys} == {str}


def test_a_target_that_was_stored_with_its_arn_beside_its_kind_reads_as_ever() -> None:
    """As every session of before targets could have other names lies in the table."""
    stored = session_codec.encode(Story().granted())
    arn = "arn:aws:iam::444455556666:role/ledger"
    names = {"account": "444455556666", "region": "eu-west-1", "arn": arn}
    stored["target"] = {"kind": "aws-role", **names, "settings": {"iam_writes": "true"}}
    read = session_codec.decode(stored)
    assert read.target == Target(kind="aws-role", names=names, settings={"iam_writes": "true"})
    assert session_codec.encode(read)["target"] == stored["target"]
    del stored["target"]["settings"]
    assert session_codec.decode(stored).target.settings == {}


@pytest.mark.parametrize("name", ["account", "region", "arn"])
def test_a_target_without_what_names_it_is_not_read(name: str) -> None:
    stored = session_codec.encode(Story().granted())
    del stored["target"][name]
    with pytest.raises(session_codec.Unreadable, match="is named by account, region, arn"):
        session_codec.decode(stored)


@pytest.mark.parametrize("value", ["a", "01JD8XGZ6Q3M4V5N6P7R8S9T0A#x", 7, None, {"a": 1}])
def test_what_is_no_id_of_a_session_is_waited_for_by_none(value: object) -> None:
    stored = session_codec.encode(Story().granted())
    assert session_codec.decode(stored | {"waits_for": value}).waits_for == ""


def test_a_session_of_a_kind_that_nobody_knows_is_not_read() -> None:
    stored = session_codec.encode(Story().granted())
    with pytest.raises(ValueError, match="there is no kind 'oracle-user'"):
        session_codec.decode(stored | {"target": stored["target"] | {"kind": "oracle-user"}})


@pytest.mark.parametrize("method", ["device-lapsed", "seen", 7, {"a": "b"}])
def test_a_session_whose_end_was_seen_in_a_way_that_nobody_knows_is_read_and_keeps_it(
    method: object,
) -> None:
    """Of a version before or after this one: an end that stands is not in doubt for that."""
    story = Story()
    stored = session_codec.encode(story.revoke(story.granted().session_id))
    stored["ending"] |= {"method": method, "evidence": "it said no"}
    read = session_codec.decode(stored)
    assert read.ending is not None
    assert (read.status, read.ending.method) == (Status.REVOKED, ReceiptMethod.OTHER)
    assert read.ending.evidence == f"{method}: it said no"
    assert session_codec.decode(session_codec.encode(read)) == read


def test_a_receipt_of_an_earlier_version_says_what_it_meant() -> None:
    story = Story()
    session = story.granted()
    stored = session_codec.encode(story.revoke(session.session_id))
    for name in ("effective_at", "proven"):
        del stored["ending"][name]
    read = session_codec.decode(stored).ending
    assert read is not None
    assert read.confirmed_at is not None
    assert read.proven is True
    assert read.effective_at == read.confirmed_at + timedelta(seconds=60)

    stored["ending"]["method"] = "device-lapsed"
    read = session_codec.decode(stored).ending
    assert read is not None
    assert read.proven is None, "how another version saw it, it alone knows"

    stored["ending"] |= {"method": "", "confirmed_at": None}
    read = session_codec.decode(stored).ending
    assert read is not None
    assert (read.effective_at, read.proven) == (None, None)


@pytest.mark.parametrize("proven", ["true", 1, 0, {}, []])
def test_a_receipt_that_is_neither_proven_nor_not_is_not_read(proven: object) -> None:
    story = Story()
    stored = session_codec.encode(story.revoke(story.granted().session_id))
    stored["ending"]["proven"] = proven
    with pytest.raises(ValueError, match="neither true nor false"):
        session_codec.decode(stored)


def test_an_end_that_is_not_confirmed_is_stored_with_an_empty_method() -> None:
    story = Story()
    session_id = story.granted().session_id
    story.issuer.down = True
    stored = session_codec.encode(story.revoke(session_id))
    assert (stored["ending"]["method"], stored["ending"]["confirmed_at"]) == ("", None)
    read = session_codec.decode(stored)
    assert read.ending is not None
    assert read.ending.method is None
