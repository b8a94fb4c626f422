"""What the requester is told: that it is granted and how to use it, ends soon, and is over."""

from dataclasses import replace
from datetime import timedelta

import pytest

from pam.domain import kinds
from pam.domain.kinds import KINDS, LeaseForm
from pam.domain.people import Surface
from pam.domain.resource import Target
from pam.domain.session import Session
from pam.slack import answers, direct
from tests.fakes.story import NOON
from tests.kinds.table import BADGE, with_badges
from tests.slack.reading import buttons, commands, quotations, text
from tests.slack.rendered import sessions

TITLE = "Core ledger administration"


def of_kind(kind: str) -> Session:
    session = sessions()["active"][0]
    return replace(session, target=replace(session.target, kind=kind))


USED_BY = {
    kinds.AWS_ROLE: "pam exec {} -- aws sts get-caller-identity",
    kinds.POSTGRES_USER: "pam exec {} -- psql",
    kinds.ROTATED_SECRET: "pam exec {} -- psql",
}


@pytest.mark.parametrize("kind", USED_BY)
def test_a_grant_is_told_with_the_exact_command_of_its_kind(kind: str) -> None:
    session = of_kind(kind)
    granted = direct.granted(session, NOON, TITLE)
    expected = USED_BY[kind].format(session.session_id)
    assert commands(granted) == [expected, f"pam end {session.session_id}"]
    assert "until 2026-03-01T12:10:01.000Z" in text(granted)
    assert not buttons(granted)


def test_each_kind_that_leases_has_a_command() -> None:
    leased = {name for name, row in KINDS.items() if row.lease is not LeaseForm.SIGNIN}
    assert leased == USED_BY.keys()


def test_of_a_standing_kind_it_says_where_to_go_and_gives_no_credential_command() -> None:
    session = sessions()["active"][0]
    door = Target(
        kind=BADGE.name,
        names={"site": "north", "door": "vault"},
        settings={"portal": "https://doors.example/"},
    )
    with with_badges():
        granted = direct.granted(replace(session, target=door), NOON, TITLE)
    assert "https://doors.example/" in text(granted)
    assert "Hold your badge to the door vault of north." in text(granted)
    assert commands(granted) == [f"pam end {session.session_id}"]


def test_a_grant_told_late_is_told_as_over() -> None:
    for session, now in (
        (sessions()["active"][0], NOON + timedelta(hours=1)),
        (sessions()["revoked"][0], NOON),
    ):
        late = direct.granted(session, now, TITLE)
        assert "pam exec" not in text(late)
        assert "is not there any more" in text(late)


def test_five_minutes_before_the_end_it_says_when_and_that_it_cannot_be_made_longer() -> None:
    session = sessions()["active"][0]
    soon = direct.ending_soon(session, NOON + timedelta(minutes=5), TITLE)
    assert "ends at 2026-03-01T12:10:01.000Z. It cannot be made longer" in text(soon)
    assert commands(soon) == [
        f"pam show {session.session_id}",
        "pam request core-ledger-admin --reason WHY",
    ]


@pytest.mark.parametrize("name", ["denied", "given back", "revoked", "expired", "withdrawn"])
def test_an_end_is_told_with_its_receipt(name: str) -> None:
    session = sessions()[name][0]
    over = direct.over(session, NOON, TITLE)
    assert f"{session.status.value} at " in text(over)
    assert "Receipt: confirmed" in text(over)
    assert not buttons(over)


def test_why_somebody_ended_it_stands_as_their_words() -> None:
    assert quotations(direct.over(sessions()["revoked"][0], NOON, TITLE)) == ["enough"]
    assert quotations(direct.over(sessions()["denied"][0], NOON, TITLE)) == ["not today"]
    assert quotations(direct.over(sessions()["expired"][0], NOON, TITLE)) == []


def test_break_glass_is_confirmed_on_the_command_line_and_never_by_a_button() -> None:
    session = sessions()["in somebody's name"][0]
    asked = direct.confirm(session, NOON, TITLE)
    session_id = session.session_id
    assert commands(asked) == [f"pam confirm {session_id}", f"pam end {session_id}"]
    assert "Somebody asked in your name for" in text(asked)
    assert quotations(asked) == [session.reason]
    assert not buttons(asked)
    by_slack = replace(session.circumstances, surface=Surface.SLACK)
    own = direct.confirm(replace(session, circumstances=by_slack), NOON, TITLE)
    assert "You asked by Slack for" in text(own)


def test_nobody_is_asked_to_confirm_what_waits_for_no_word() -> None:
    for name in ("asked", "active", "break-glass"):
        asked = direct.confirm(sessions()[name][0], NOON, TITLE)
        assert not commands(asked)
        assert "Nothing waits for your word" in text(asked)


def test_a_refusal_says_what_to_run_instead() -> None:
    refused = answers.said("Prod needs a stronger proof.", command="pam approve X")
    assert (text(refused), commands(refused)) == (
        "Prod needs a stronger proof.\npam approve X",
        ["pam approve X"],
    )


def test_a_code_for_a_link_comes_with_a_warning_against_codes_from_others() -> None:
    told = answers.link_code("ABCD-EFGH")
    assert commands(told) == ["pam link slack ABCD-EFGH"]
    assert "Give this code to nobody." in text(told)
    assert "ABCD" not in told.text


def test_lists_are_cut_with_a_word_of_how_many_more() -> None:
    session = sessions()["active"][0]
    many = answers.listed([session] * 33, NOON, {})
    assert "and 13 more: pam list --mine" in text(many)
    assert len(many.blocks) < 50
    operators = answers.admin_status([session] * 99, [session] * 21, NOON)
    assert "and 79 more: pam list" in text(operators)
    assert "and 1 more: pam list --stuck" in text(operators)
    assert len(operators.blocks) < 50
    assert "You have no sessions." in text(answers.listed([], NOON, {}))


def test_what_operators_are_shown_has_nobodys_reasons() -> None:
    session = sessions()["asked"][0]
    assert session.reason not in text(answers.admin_status([session], [session], NOON))
