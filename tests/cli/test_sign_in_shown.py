"""`pam credentials` and `pam exec` of access that stands at its target: where to go, no secret."""

import json
import subprocess

import pytest

from tests.cli.fake_api import SESSION_ID, FakeApi, Pam, session

CALL = f"POST /pam/sessions/{SESSION_ID}/credentials"


def sign_in(**changed: object) -> dict[str, object]:
    return {
        "session_id": SESSION_ID,
        "kind": "signin",
        "expires_at": "2126-11-20T01:35:00.000Z",
        "url": "https://doors.example/",
        "instructions": "Choose the vault.",
        **changed,
    }


def test_it_says_where_to_go_and_what_to_do(fake: FakeApi, pam: Pam) -> None:
    fake.on(CALL, sign_in())
    result = pam("credentials", SESSION_ID)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "# https://doors.example/\n# Choose the vault.\n"
    fake.on(CALL, sign_in(url=None))
    assert pam("credentials", SESSION_ID).stdout == "# Choose the vault.\n"


def test_a_shell_that_evaluates_it_does_nothing(fake: FakeApi, pam: Pam) -> None:
    fake.on(CALL, sign_in(instructions="x\necho pwned\r\necho $(echo pwned)\u2028echo pwned"))
    shown = pam("credentials", SESSION_ID).stdout
    ran = subprocess.run(
        ["/bin/sh", "-c", shown], capture_output=True, text=True, check=True, env={}
    )
    assert ran.stdout == ""


def test_the_json_form_is_the_apis_object(fake: FakeApi, pam: Pam) -> None:
    fake.on(CALL, sign_in())
    assert json.loads(pam("credentials", SESSION_ID, "--json").stdout) == sign_in()


@pytest.mark.parametrize("form", ["process", "psql"])
def test_there_is_no_other_form_of_it(fake: FakeApi, pam: Pam, form: str) -> None:
    fake.on(CALL, sign_in())
    result = pam("credentials", SESSION_ID, "--format", form)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Choose the vault." in result.stderr


def test_no_command_is_run_with_it(fake: FakeApi, pam: Pam) -> None:
    fake.on(CALL, sign_in())
    result = pam("exec", SESSION_ID, "--", "true")
    assert result.exit_code == 1
    assert "https://doors.example/ Choose the vault." in result.stderr


def test_one_that_says_not_what_to_do_is_not_taken(fake: FakeApi, pam: Pam) -> None:
    fake.on(CALL, sign_in(instructions=""))
    result = pam("credentials", SESSION_ID)
    assert (result.exit_code, result.stdout) == (1, "")


def test_a_session_that_waits_for_another_says_for_which(fake: FakeApi, pam: Pam) -> None:
    earlier = "01JD8XGZ6Q3M4V5N6P7R8S9T0A"
    fake.on(f"GET /pam/sessions/{SESSION_ID}", session(status="APPROVED", waits_for=earlier))
    shown = pam("show", SESSION_ID).stdout
    assert f"it begins when session {earlier} is over" in shown
    fake.on(f"GET /pam/sessions/{SESSION_ID}", session(status="APPROVED", waits_for=None))
    assert "it begins when" not in pam("show", SESSION_ID).stdout


def test_who_is_named_is_told_to_confirm_where_nothing_else_is_waited_for(
    fake: FakeApi, pam: Pam
) -> None:
    nobody = {"required": 0, "received": 0, "domain_required": 0, "domain_received": 0, "votes": []}
    waiting = session(needs_confirmation=True, approvals=nobody)
    fake.on(f"GET /pam/sessions/{SESSION_ID}", waiting)
    assert f"pam confirm {SESSION_ID}" in pam("show", SESSION_ID).stdout
