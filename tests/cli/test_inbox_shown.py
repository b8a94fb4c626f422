"""Whom PAM takes one for, and what waits for one, on the screen."""

import json

from tests.cli.fake_api import ALICE, SESSION_ID, FakeApi, Pam, session

ME = {
    "person": "alice",
    "domain": "bank-core",
    "groups": ["bank-core-engineers"],
    "principals": [ALICE],
    "surface": "api",
    "auth": "sigv4",
}


def test_whoami_names_the_person_their_groups_and_every_principal(fake: FakeApi, pam: Pam) -> None:
    fake.on("GET /pam/me", ME)
    shown = pam("whoami")
    assert shown.exit_code == 0
    assert shown.stdout.splitlines() == [
        "alice of bank-core: bank-core-engineers",
        "by sigv4; known as",
        f"  {ALICE}",
    ]
    assert json.loads(pam("whoami", "--json").stdout) == ME


def test_an_empty_inbox_says_so(fake: FakeApi, pam: Pam) -> None:
    fake.on("GET /pam/inbox", {"votes": [], "reviews": [], "confirmations": []})
    assert pam("inbox").stdout == "nothing waits for you\n"


def test_the_inbox_says_what_waits_and_by_which_command_it_is_done(fake: FakeApi, pam: Pam) -> None:
    waiting = session(break_glass=True, reason="disk full\x1b[31m")
    fake.on("GET /pam/inbox", {"votes": [session()], "reviews": [waiting], "confirmations": []})
    shown = pam("inbox").stdout
    assert "to vote on (pam approve ID, or pam deny ID):" in shown
    assert "to review (pam review ID --justified, or pam review ID --unjustified):" in shown
    assert "to confirm" not in shown
    assert shown.count(SESSION_ID) == 2
    assert "for alice, BREAK-GLASS" in shown
    assert "\x1b" not in shown


def test_an_answer_of_another_form_is_a_failure_and_no_empty_inbox(fake: FakeApi, pam: Pam) -> None:
    fake.on("GET /pam/inbox", {"votes": []})
    failed = pam("inbox")
    assert failed.exit_code == 1
    assert "no reviews" in failed.stderr
