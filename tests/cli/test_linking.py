"""`pam link slack` in its two steps, and `pam unlink`."""

from urllib.parse import quote

import pytest

from tests.cli.fake_api import FakeApi, Pam

BOB = "slack:T0BANK/U0BOB"
WOULD = {"pending": True, "principal": BOB, "display": "Bob B.", "team": "The Bank"}
LINKED = WOULD | {"pending": False, "votes_from": "2026-01-31T09:25:00.000Z"}


def test_without_a_terminal_it_says_what_would_be_linked_and_links_nothing(
    fake: FakeApi, pam: Pam
) -> None:
    fake.on("POST /pam/links", WOULD, LINKED)
    result = pam("link", "slack", "CODE")
    assert result.exit_code == 1
    assert "Nothing is linked" in result.stderr
    for told in ("Bob B.", "The Bank", BOB, "--yes"):
        assert told in result.stderr
    assert [asked.body for asked in fake.asked] == [{"surface": "slack", "code": "CODE"}]


@pytest.mark.parametrize("yes", ["--yes", "-y"])
def test_with_yes_it_accepts_the_very_principal_that_the_code_was_shown_to(
    fake: FakeApi, pam: Pam, yes: str
) -> None:
    fake.on("POST /pam/links", WOULD, LINKED)
    result = pam("link", "slack", "CODE", yes)
    assert result.exit_code == 0, result.stderr
    assert fake.asked[1].body == {"surface": "slack", "code": "CODE", "accept": BOB}
    assert "is linked to you; it may vote from" in result.stdout


@pytest.mark.parametrize(("answer", "sent"), [("y\n", 2), ("n\n", 1), ("\n", 1)])
def test_at_a_terminal_it_asks(
    fake: FakeApi, pam: Pam, monkeypatch: pytest.MonkeyPatch, answer: str, sent: int
) -> None:
    monkeypatch.setattr("cli.terminal.is_terminal", lambda: True)
    fake.on("POST /pam/links", WOULD, LINKED)
    result = pam("link", "slack", "CODE", typed=answer)
    assert len(fake.asked) == sent
    assert (result.exit_code == 0) is (sent == 2)
    assert "Link Bob B. of The Bank" in result.stderr


def test_a_name_cannot_drive_the_terminal(fake: FakeApi, pam: Pam) -> None:
    fake.on("POST /pam/links", WOULD | {"display": "Bob\x1b[2J\u202eB."})
    result = pam("link", "slack", "CODE")
    assert "\x1b" not in result.stderr
    assert "\u202e" not in result.stderr


REFUSED = {"VALIDATION": (400, 2), "CONFLICT": (409, 3), "BLOCKED": (403, 3), "THROTTLED": (429, 5)}


@pytest.mark.parametrize("code", REFUSED)
def test_refusals_are_told_apart(fake: FakeApi, pam: Pam, code: str) -> None:
    status, exit_code = REFUSED[code]
    fake.refuses("POST /pam/links", status, code, "no such code")
    assert pam("link", "slack", "CODE").exit_code == exit_code


def test_unlinking_says_whose_it_was(fake: FakeApi, pam: Pam) -> None:
    fake.on(f"DELETE /pam/links/{quote(BOB, safe='')}", {"principal": BOB, "person": "bob"})
    result = pam("unlink", BOB)
    assert result.exit_code == 0, result.stderr
    assert result.stdout == f"{BOB} is no longer bob's\n"
