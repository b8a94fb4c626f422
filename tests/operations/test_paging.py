"""Lists and trails in pages: a cursor names what was shown, to the one to whom it was shown."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from pam.domain.audit_record import Entry, RecordType
from pam.domain.cursor import cursor_after, place_of
from pam.domain.errors import Invalid, NotFound
from pam.domain.free_text import commitment
from pam.domain.lifecycle import Status
from pam.domain.people import WORKFLOW
from pam.domain.session import Session
from pam.operations.read_sessions import Listing, Trail, list_sessions, read_trail
from pam.operations.transition import Step, transition
from pam.ports.sessions import SessionQuery
from tests.fakes.story import KYC, KYC_SANDBOX, LEDGER, SANDBOX, UAT, Story, arn


@pytest.fixture
def story() -> Story:
    """Sessions of three people, a second apart: alice's, kim's, dave's, in turn."""
    story = Story()
    for who, resource in [
        ("alice", LEDGER), ("kim", KYC), ("dave", LEDGER),
        ("alice", UAT), ("kim", KYC_SANDBOX), ("dave", SANDBOX),
        ("alice", SANDBOX), ("kim", KYC),
    ]:  # fmt: skip
        story.later(seconds=1)
        story.request(who, resource)
    return story


def listed(
    story: Story, who: str, cursor: str | None = None, limit: int = 1, **query: str
) -> Listing:
    asked = SessionQuery(
        status=Status(query["status"]) if "status" in query else None,
        requester_name=query.get("requester"),
        resource=query.get("resource"),
        limit=limit,
    )
    return list_sessions(asked, cursor, story.call(who))


def walk(story: Story, who: str, limit: int, **query: str) -> list[str]:
    found: list[str] = []
    cursor = None
    while True:
        page = listed(story, who, cursor, limit, **query)
        assert len(page.sessions) <= limit
        found += [session.session_id for session in page.sessions]
        cursor = page.cursor
        if cursor is None:
            return found
        assert page.sessions, "a cursor names the last item shown"


def by(story: Story, *people: str) -> list[str]:
    own = [s.session_id for s in story.store.sessions.values() if s.requester_name in people]
    return sorted(own, reverse=True)


WALKS: dict[str, tuple[str, dict[str, str], tuple[str, ...]]] = {
    "an auditor, all": ("ada", {}, ("alice", "dave", "kim")),
    "an approver of the other domain": ("kate", {}, ("kim",)),
    "an engineer": ("dave", {}, ("dave",)),
    "an engineer, by name": ("dave", {"requester": "dave"}, ("dave",)),
    "an engineer, in capitals": ("dave", {"requester": "DAVE"}, ("dave",)),
    "an auditor, by a principal": ("ada", {"requester": arn("alice")}, ("alice",)),
    "an auditor, by a name in capitals": ("ada", {"requester": "Alice"}, ("alice",)),
    "an auditor, by no name at all": ("ada", {"requester": "*"}, ()),
    "an approver, one requester": ("bob", {"requester": "alice"}, ("alice",)),
}


@pytest.mark.guarantee("G10")
@pytest.mark.parametrize("limit", [1, 2, 3, 100])
@pytest.mark.parametrize("case", WALKS)
def test_a_walk_shows_all_that_may_be_read_newest_first_and_nothing_else(
    story: Story, case: str, limit: int
) -> None:
    who, query, people = WALKS[case]
    assert walk(story, who, limit, **query) == by(story, *people)


def test_a_state_is_filtered_over_pages_that_have_none_of_it(story: Story) -> None:
    expected = sorted(
        (i for i, s in story.store.sessions.items() if s.status is Status.APPROVED), reverse=True
    )
    assert walk(story, "ada", 1, status="APPROVED") == expected


def test_a_walk_goes_on_though_what_was_shown_last_has_changed(story: Story) -> None:
    page = listed(story, "ada", status="PENDING_APPROVAL")
    story.end(page.sessions[0].session_id, page.sessions[0].requester_name)
    rest = listed(story, "ada", page.cursor, 100, status="PENDING_APPROVAL")
    assert len(rest.sessions) == 4


@pytest.mark.guarantee("G10")
def test_nothing_is_learnt_of_others_sessions_by_the_cursor(story: Story) -> None:
    page = listed(story, "kim", requester="alice")
    assert (page.sessions, page.cursor) == ((), None)
    others = by(story, "alice")[0]
    for asked in (("kim", "", "kim", ""), ("kim", "", "", "")):
        with pytest.raises(Invalid):
            listed(story, "kim", cursor_after(others, *asked))


FOREIGN: dict[str, Callable[[Story], Listing]] = {
    "another query's": lambda s: listed(s, "ada", listed(s, "ada").cursor, status="EXPIRED"),
    "another person's": lambda s: listed(s, "sam", listed(s, "ada").cursor),
    "another requester's": lambda s: listed(
        s, "ada", cursor_after(by(s, "kim")[0], "ada", "", "alice", ""), requester="alice"
    ),
    "of what the caller may not read": lambda s: listed(
        s, "kate", cursor_after(by(s, "alice")[0], "kate", "", "", "")
    ),
    "of a session that is not there": lambda s: listed(
        s, "ada", cursor_after("01JD8XGZ6Q3M4V5N6P7R8S9T0A", "ada", "", "", "")
    ),
    "of no session at all": lambda s: listed(s, "ada", cursor_after("x", "ada", "", "", "")),
    "for what the caller may not browse": lambda s: listed(
        s, "kim", listed(s, "ada").cursor, requester="alice"
    ),
    "one's own, padded": lambda s: listed(s, "ada", f"{listed(s, 'ada').cursor}=="),
    "empty": lambda s: listed(s, "ada", ""),
    "nonsense": lambda s: listed(s, "ada", "AAAA"),
    "not base64": lambda s: listed(s, "ada", "%%%%"),
    "not ASCII": lambda s: listed(s, "ada", "ÄÖÜ"),
    "an id alone, as it once was": lambda s: listed(
        s, "ada", "MDFKRDhYR1o2UTNNNFY1TjZQN1I4UzlUMEE"
    ),
}


@pytest.mark.guarantee("G10")
@pytest.mark.parametrize("case", FOREIGN)
def test_a_cursor_that_is_not_of_this_query_and_person_is_named(story: Story, case: str) -> None:
    with pytest.raises(Invalid) as refused:
        FOREIGN[case](story)
    assert [fault.field for fault in refused.value.errors] == ["cursor"]


def trail(
    story: Story, session_id: str, cursor: str | None = None, limit: int = 100, who: str = "ada"
) -> Trail:
    return read_trail(
        session_id,
        story.call(who),
        limit=limit,
        cursor=cursor,
    )


def long(story: Story, steps: int, detail: str = "") -> Session:
    session = story.request(resource=KYC)

    def more(stored: Session) -> Step:
        entry = Entry(type=RecordType.ACTIVITY, actor=WORKFLOW, detail=detail)
        return Step(replace(stored, refusals=stored.refusals + 1), (entry,) * 10)

    for _ in range(steps):
        session = transition(story.store, session.session_id, more, now=story.now)
    return session


@pytest.mark.parametrize(("limit", "pages"), [(1, 31), (7, 5), (30, 2), (31, 1), (100, 1)])
def test_a_trail_comes_in_pages_in_order_without_gap_or_repeat(
    story: Story, limit: int, pages: int
) -> None:
    session = long(story, 3)
    found: list[int] = []
    cursor, count = None, 0
    while True:
        page = trail(story, session.session_id, cursor, limit)
        found += [record["sequence"] for record in page.records]
        count, cursor = count + 1, page.cursor
        if cursor is None:
            break
    assert found == list(range(1, 32))
    assert count == pages


def test_a_page_of_a_trail_is_a_megabyte_at_most(story: Story) -> None:
    session = long(story, 10, "x" * 15_000)
    page = trail(story, session.session_id)
    assert len(json.dumps(page.records)) < 1_100_000
    assert 60 < len(page.records) < 100
    rest = trail(story, session.session_id, page.cursor)
    assert len(page.records) + len(rest.records) == 101
    assert rest.cursor is None


def test_a_page_has_the_texts_of_its_own_records(story: Story) -> None:
    session_id = story.request(resource=UAT, reason="why it was asked").session_id
    stored = story.store.sessions[session_id]
    story.vote("bob", session_id, comment="looks right to me")
    reason, comment = (
        commitment(stored.text_key, text) for text in ("why it was asked", "looks right to me")
    )
    first = trail(story, session_id, limit=1)
    assert first.texts == {reason: "why it was asked"}
    assert set(trail(story, session_id, first.cursor, 1).texts) == {reason, comment}


@pytest.mark.parametrize("place", ["0", "-1", "9", "x", "", "1.5"])
def test_a_cursor_of_a_trail_names_one_of_its_records(story: Story, place: str) -> None:
    session_id = story.request(resource=UAT).session_id
    with pytest.raises(Invalid):
        trail(story, session_id, cursor_after(place, "audit", session_id))
    others = by(story, "kim")[0]
    with pytest.raises(Invalid):
        trail(story, session_id, cursor_after("1", "audit", others))


def test_a_trail_of_which_one_may_not_know_is_not_found_with_a_cursor_either(story: Story) -> None:
    session_id = by(story, "alice")[0]
    with pytest.raises(NotFound):
        trail(story, session_id, cursor_after("1", "audit", session_id), who="kim")


def test_a_cursor_is_read_only_with_the_query_it_was_made_for() -> None:
    cursor = cursor_after("place", "a", "b")
    assert place_of(cursor, "a", "b") == "place"
    assert place_of(cursor, "ab", "") is None
    assert place_of(cursor, "a", "b", "") is None
