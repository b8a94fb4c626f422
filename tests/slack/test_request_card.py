"""The card of a request: facts, people's words as such, and buttons while they do something."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from pam.domain.lifecycle import Status
from pam.domain.session import Session
from pam.slack.blocks import Message
from pam.slack.card import Shown, card
from tests.fakes.story import KYC, NOON, Story
from tests.kinds.table import BADGE, with_badges
from tests.slack.reading import buttons, commands, lines, quotations, text
from tests.slack.rendered import sessions

SHOWN = Shown(title="Core ledger administration", owner="Ledger team")
ALL = ["pam.approve", "pam.shorter", "pam.deny"]


def painted(session: Session, shown: Shown = SHOWN, after: timedelta = timedelta(0)) -> Message:
    return card(session, NOON + after, shown)


def test_it_says_who_wants_what_where_and_for_how_long_by_the_catalogue() -> None:
    seen = lines(painted(sessions()["asked"][0]))
    assert seen[0] == "alice asks for Core ledger administration"
    for name, value in (
        ("Requester", "alice (bank-core)"),
        ("Resource", "Core ledger administration [core-ledger-admin]"),
        ("Environment", "prod"),
        ("Domain", "bank-core"),
        ("For", "10m"),
        ("Owner", "Ledger team"),
        ("Ticket (requester's words)", "INC-1"),
    ):
        assert seen[seen.index(name) + 1] == value
    assert "Needed: 2 approval(s), so far 0, until 2026-03-01T16:00:00.250Z." in seen


def test_the_reason_stands_as_a_quotation_under_a_line_that_says_whose_it_is() -> None:
    session = sessions()["asked"][0]
    assert quotations(painted(session)) == [session.reason]
    assert "In the requester's own words:" in lines(painted(session))
    claimed = lines(painted(sessions()["in somebody's name"][0]))
    assert "In the requester's own words (as claimed by a runbook):" in claimed


def test_a_request_across_domains_says_whose_approval_it_needs() -> None:
    seen = text(painted(sessions()["asked across domains"][0]))
    assert (
        "Needed: 3 approval(s), 1 of them from bank-kyc (DT-001), so far 0 (0 from bank-kyc), until"
        in seen
    )


def test_while_there_is_something_to_decide_it_has_three_buttons_with_the_sessions_id() -> None:
    for name in ("asked", "half approved", "asked across domains"):
        session = sessions()[name][0]
        whole = painted(session)
        assert buttons(whole) == ALL
        values = {each["value"] for each in whole.blocks[-2]["elements"]}
        assert values == {session.session_id}


DECIDED = [
    *("approved", "active", "denied", "withdrawn", "given back", "revoked", "expired"),
    "reviewed by one",
]


@pytest.mark.parametrize("name", DECIDED)
def test_when_it_is_decided_no_button_is_left_and_it_says_what_became_of_it(name: str) -> None:
    session = sessions()[name][0]
    whole = painted(session)
    assert not buttons(whole)
    assert not commands(whole)
    assert "Needed:" not in text(whole)


def test_when_the_time_to_vote_is_over_no_button_is_left_even_before_anybody_wrote_so() -> None:
    session = sessions()["asked"][0]
    at_the_end = session.approval_expires_at - NOON
    assert buttons(painted(session, after=at_the_end - timedelta(seconds=1))) == ALL
    late = painted(session, after=at_the_end)
    assert not buttons(late)
    assert "The time to vote is over; nothing is left to decide." in lines(late)


@pytest.mark.parametrize("name", ["break-glass", "break-glass across domains"])
def test_a_break_glass_card_never_has_a_button(name: str) -> None:
    session = sessions()[name][0]
    for by_slack in (True, False):
        assert not buttons(painted(session, replace(SHOWN, by_slack=by_slack)))
    assert lines(painted(session))[0].startswith("BREAK-GLASS by alice on ")


def test_where_break_glass_still_needs_a_vote_it_gives_the_commands() -> None:
    session = sessions()["break-glass across domains"][0]
    assert commands(painted(session)) == [
        f"pam approve {session.session_id}",
        f"pam deny {session.session_id} --comment WHY",
    ]


def test_where_break_glass_needs_no_vote_nobody_is_asked_for_one() -> None:
    session = sessions()["in somebody's name"][0]
    assert commands(painted(session)) == [f"pam deny {session.session_id} --comment WHY"]
    assert "Whoever is against it runs:" in text(painted(session))


def test_each_command_stands_on_a_line_of_its_own() -> None:
    session = sessions()["break-glass across domains"][0]
    (block,) = (each for each in painted(session).blocks if "pam approve" in str(each))
    (section,) = block["elements"]
    assert [each["text"] for each in section["elements"]][1] == "\n"


def test_where_one_more_approval_by_slack_would_not_count_it_gives_the_command() -> None:
    session = sessions()["half approved"][0]
    whole = painted(session, replace(SHOWN, by_slack=False))
    assert buttons(whole) == ["pam.deny"]
    assert commands(whole) == [f"pam approve {session.session_id}"]


def test_where_only_the_requesters_word_is_missing_nothing_is_left_to_approve() -> None:
    session = sessions()["in somebody's name"][0]
    whole = painted(session)
    assert not buttons(whole)
    assert f"alice runs: pam confirm {session.session_id}" in text(whole)


def test_of_a_standing_kind_too_a_session_with_all_votes_waits_for_the_word_alone() -> None:
    approved = replace(sessions()["approved"][0], status=Status.PENDING_APPROVAL)
    unproven = replace(approved.circumstances, auth=None)
    door = replace(approved.target, kind=BADGE.name)
    waiting = replace(approved, circumstances=unproven, target=door)
    with with_badges():
        assert buttons(painted(waiting)) == ["pam.deny"]
        assert buttons(painted(replace(waiting, votes=waiting.votes[:1]))) == ALL


def test_votes_stand_with_name_way_and_comment() -> None:
    story = Story()
    asked = story.request().session_id
    story.vote("bob", asked, seconds=300, comment="only the ledger, please")
    whole = painted(story.vote("carol", asked))
    seen = text(whole)
    assert "bob (bank-core) approved, for 5m at most, at 2026-03-01T12:00:00.250Z" in seen
    assert "(api, sigv4)" in seen
    assert "only the ledger, please" in quotations(whole)
    assert "5m (asked for 10m)" in lines(whole)


def test_of_a_denial_the_comment_stands_once() -> None:
    session = sessions()["denied"][0]
    whole = painted(session)
    assert quotations(whole) == [session.reason, "not today"]
    assert "DENIED at 2026-03-01T12:00:00.250Z. Denied by an approver" in text(whole)


def test_of_many_votes_the_newest_stand_and_the_others_are_counted() -> None:
    session = sessions()["half approved"][0]
    vote = session.votes[0]
    many = tuple(replace(vote, name=f"person{n}", comment=f"word {n}") for n in range(20))
    whole = painted(replace(session, votes=many))
    assert "14 earlier votes in the thread" in lines(whole)
    assert quotations(whole)[1:] == [f"word {n}" for n in range(14, 20)]


@pytest.mark.parametrize("name", ["given back", "revoked", "expired"])
def test_an_end_stands_with_its_receipt(name: str) -> None:
    session = sessions()[name][0]
    seen = text(painted(session))
    ending = session.ending
    assert ending is not None
    assert f"{session.status.value} at " in seen
    assert f"Receipt: confirmed {NOON:%Y-%m-%dT}" in seen
    assert ending.method in seen
    assert ending.evidence in seen


def test_an_end_that_is_not_proven_says_so() -> None:
    session = sessions()["revoked"][0]
    assert session.ending is not None
    unproven = replace(session, ending=replace(session.ending, proven=False))
    assert "not proven" in text(painted(unproven))
    assert "not proven" not in text(painted(session))


def test_why_an_operator_ended_it_stands_as_their_words() -> None:
    assert "enough" in quotations(painted(sessions()["revoked"][0]))


def test_access_whose_time_is_over_is_not_said_to_stand() -> None:
    session = sessions()["active"][0]
    assert "Active since" in text(painted(session))
    late = text(painted(session, after=timedelta(hours=1)))
    assert "Active since" not in late
    assert "The access is being taken away" in late


def test_what_was_erased_is_not_shown() -> None:
    session = sessions()["denied"][0].without_texts()
    seen = text(painted(session))
    assert "ledger stuck" not in seen
    assert "not today" not in seen
    assert "[erased]" in seen


@pytest.mark.parametrize("name", sessions())
def test_it_carries_the_number_of_the_newest_record_and_shows_no_secret(name: str) -> None:
    session = sessions()[name][0]
    whole = painted(session)
    assert whole.sequence == session.sequence
    secrets = [session.text_key, session.proof, session.activation_proof, session.last_hash]
    secrets += [vote.proof for vote in session.votes]
    for secret in filter(None, secrets):
        assert secret not in json.dumps([whole.text, whole.blocks])


def test_painted_twice_it_is_the_same() -> None:
    session = Story().request("alice", KYC)
    assert painted(session) == painted(session)
    denied = replace(session, votes=(), sequence=session.sequence + 1)
    assert painted(denied).replaces(painted(session).sequence)
    assert not painted(session).replaces(painted(denied).sequence)
