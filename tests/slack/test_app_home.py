"""App Home: a person's sessions and what waits for them, with a button each, as far as they fit."""

from dataclasses import replace

import pytest

from pam.domain.session import Session
from pam.slack.blocks import View
from pam.slack.home import Agenda, home
from tests.fakes.story import NOON
from tests.slack.limits import faults_of_view, view_judged_by_the_sdk
from tests.slack.reading import blocks_of, buttons, lines, text
from tests.slack.rendered import sessions

TITLES = {"core-ledger-admin": "Core ledger administration"}


def painted(**agenda: list[Session]) -> View:
    return home(Agenda(**agenda), NOON, TITLES)


def test_it_begins_with_a_way_to_ask_and_says_that_nothing_waits() -> None:
    view = painted()
    assert buttons(view) == ["pam.request"]
    assert [line for line in lines(view) if line.endswith("(0)")] == [
        "My sessions (0)",
        "Waiting for your vote (0)",
        "Waiting for your review (0)",
        "Waiting for your word (0)",
    ]


OWN = {
    "asked": ("pam.end", "Withdraw"),
    "approved": ("pam.end", "Withdraw"),
    "active": ("pam.end", "End"),
    "expired": ("pam.show", "Show"),
    "denied": ("pam.show", "Show"),
}


@pytest.mark.parametrize("name", OWN)
def test_an_own_session_has_the_button_that_does_something(name: str) -> None:
    session = sessions()[name][0]
    view = painted(mine=[session])
    action_id, label = OWN[name]
    assert buttons(view) == ["pam.request", action_id]
    assert label in lines(view)
    assert "Core ledger administration [core-ledger-admin, prod, bank-core]" in lines(view)


def test_what_waits_for_a_vote_is_looked_at_before_it_is_decided() -> None:
    view = painted(votes=[sessions()["half approved"][0]])
    assert buttons(view) == ["pam.request", "pam.show"]
    assert "Needed: 2 approval(s), so far 1" in text(view)


def test_reviews_and_confirmations_are_never_by_slack_and_come_with_the_command() -> None:
    review, word = sessions()["reviewed by one"][0], sessions()["in somebody's name"][0]
    view = painted(reviews=[review], confirmations=[word])
    assert buttons(view) == ["pam.request", "pam.show", "pam.show"]
    assert f"pam review {review.session_id} --justified|--unjustified" in lines(view)
    assert f"pam confirm {word.session_id}, or pam end {word.session_id}" in lines(view)


def test_a_resource_that_left_the_catalogue_is_shown_by_its_id() -> None:
    view = home(Agenda(mine=[sessions()["asked"][0]]), NOON, {})
    assert "core-ledger-admin [core-ledger-admin, prod, bank-core]" in lines(view)


def test_case_14_a_home_with_more_than_fits_is_cut_with_and_n_more_for_two_people_at_once() -> None:
    session = sessions()["active"][0]
    many = [session] * 300
    one = painted(mine=many, votes=many, reviews=many, confirmations=many)
    other = painted(mine=[session], votes=many)
    for view in (one, other):
        assert not faults_of_view(view)
        view_judged_by_the_sdk(view)
    assert len(blocks_of(one)) <= 100
    cut = [line for line in lines(one) if line.startswith("and ")]
    assert cut == [
        f"and 278 more: {command}" for command in ("pam list --mine", *["pam inbox"] * 3)
    ]
    # Nothing that must be unique in a team is in either, so two people do not meet.
    assert {"external_id", "callback_id"}.isdisjoint(one.body.keys() | other.body.keys())
    assert len(buttons(other)) == 1 + 1 + 22


def test_a_long_reason_leaves_room_for_pams_own_lines() -> None:
    session = replace(sessions()["asked"][0], reason="&" * 3000)
    view = painted(mine=[session])
    assert "Needed: 2 approval(s), so far 0" in text(view)
    assert "&…" in text(view)
    assert text(view).count("&") < 60
    assert not faults_of_view(view)
