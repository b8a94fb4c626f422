"""A command that `pam` prints as what comes next means the same as before, and can be pasted."""

import shlex
from pathlib import Path
from typing import Any

import pytest

from cli.api import Api
from cli.problems import Failure
from tests.cli.at_a_terminal import Terminal
from tests.cli.fake_api import SESSION_ID, FakeApi, Pam, active, lease, session
from tests.cli.fake_sessions import asked_for, lists

ALICES = "[profile alice]\naws_access_key_id = AKIAALICE\naws_secret_access_key = secret\n"
SPACED = ALICES.replace("alice]", '"alice b"]')
SHOW = f"GET /pam/sessions/{SESSION_ID}"
ASK = ("request", "core-ledger-admin", "--reason", "the ledger is stuck")
UNCONFIRMED = {"needs_confirmation": True, "requester_verified": False, "break_glass": True}
NEXT: dict[str, tuple[tuple[str, ...], str, dict[str, object], tuple[str, ...]]] = {
    "to use it and to give it back": (
        ("show", SESSION_ID), SHOW, active(), (f"exec {SESSION_ID} -- CMD", f"end {SESSION_ID}"),
    ),
    "to follow it": (
        ("show", SESSION_ID), SHOW, session(status="ACTIVATING"), (f"show {SESSION_ID} --watch",),
    ),
    "to stand by it": (
        ("show", SESSION_ID), SHOW, session(**UNCONFIRMED),
        (f"confirm {SESSION_ID}", f"end {SESSION_ID}"),
    ),
    "to ask anew": (
        ("show", SESSION_ID), SHOW, session(status="DENIED"),
        (f"request --like {SESSION_ID}",),
    ),
    "of the inbox": (
        ("inbox",), "GET /pam/inbox",
        {name: [session()] for name in ("votes", "reviews", "confirmations")},
        (
            "approve ID", "deny ID", "review ID --justified", "review ID --unjustified",
            "confirm ID", "end ID",
        ),
    ),
}  # fmt: skip
"""Command, the call that it makes, the answer, and the commands that it prints after that."""


@pytest.fixture(autouse=True)
def profiles(fake: FakeApi, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(ALICES + SPACED)


@pytest.mark.parametrize("case", NEXT)
@pytest.mark.parametrize("before", [True, False])
def test_a_typed_profile_is_repeated_before_the_command(
    fake: FakeApi, pam: Pam, case: str, before: bool
) -> None:
    command, call, answer, following = NEXT[case]
    fake.on(call, answer)
    typed = ("--profile", "alice")
    result = pam(*typed, *command) if before else pam(*command, *typed)
    assert result.exit_code == 0, result.stderr
    for each in following:
        assert f"pam --profile alice {each}" in result.stdout


@pytest.mark.parametrize("case", NEXT)
def test_what_the_environment_says_is_not_repeated(
    fake: FakeApi, pam: Pam, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    command, call, answer, following = NEXT[case]
    monkeypatch.setenv("AWS_PROFILE", "alice")
    monkeypatch.setenv("PAM_API_URL", f"{fake.url}/v1")
    fake.on(call, answer)
    result = pam(*command)
    assert result.exit_code == 0, result.stderr
    for each in following:
        assert f"pam {each}" in result.stdout


def test_which_pam_was_meant_is_repeated_as_well(fake: FakeApi, pam: Pam) -> None:
    fake.on(SHOW, active())
    where = ("--env", "uat", "--region", "eu-west-1", "--api-url", f"{fake.url}/v1")
    shown = pam("--profile", "alice", *where, "show", SESSION_ID).stdout
    assert f"pam --profile alice {' '.join(where)} end {SESSION_ID}" in shown


def test_what_a_shell_would_read_otherwise_is_quoted(fake: FakeApi, pam: Pam) -> None:
    fake.on(SHOW, active())
    shown = pam("--profile", "alice b", "show", SESSION_ID).stdout
    (line,) = [line for line in shown.splitlines() if line.startswith("to give it back: ")]
    words = ["pam", "--profile", "alice b", "end", SESSION_ID]
    assert shlex.split(line.removeprefix("to give it back: ")) == words


def test_somebody_else_signs_as_themselves_for_the_same_pam(fake: FakeApi, pam: Pam) -> None:
    fake.on(SHOW, session())
    shown = pam("--profile", "alice", "--env", "uat", "show", SESSION_ID).stdout
    assert f"an approver runs: pam --env uat approve {SESSION_ID}" in shown


def test_what_is_there_already_is_used_by_the_same_profile(fake: FakeApi, pam: Pam) -> None:
    there = asked_for(9, **{name: active()[name] for name in ("status", "expires_at")})
    lists(fake, there)
    fake.on("POST /pam/request", session(), status=202)
    said = pam("--profile", "alice", *ASK).stderr
    assert f"to use it: pam --profile alice exec {there['session_id']} -- CMD" in said


def test_a_wait_that_is_over_says_how_to_follow_it_by_the_same_profile(
    fake: FakeApi, pam: Pam
) -> None:
    fake.on("POST /pam/request", session(), status=202)
    fake.on(SHOW, session())
    said = pam("--profile", "alice", *ASK, "--wait", "--timeout", "0").stderr
    assert f"to follow it: pam --profile alice show {SESSION_ID} --watch" in said


@pytest.mark.parametrize(
    ("form", "line"),
    [
        ("env", f'eval "$(pam --profile alice credentials {SESSION_ID})"'),
        ("fish", f"pam --profile alice credentials {SESSION_ID} --format fish | source"),
    ],
)
def test_how_a_shell_uses_a_lease_names_the_profile(fake: FakeApi, form: str, line: str) -> None:
    fake.on(f"POST /pam/sessions/{SESSION_ID}/credentials", lease())
    fake.on(SHOW, active())
    words = ["--profile", "alice", "credentials", SESSION_ID, "--format", form]
    with Terminal(words) as terminal:
        terminal.until(f"# to use them: {line}")
        assert terminal.exit_code() == 0


def test_what_the_api_wrote_is_left_as_it_is(fake: FakeApi, pam: Pam) -> None:
    fake.refuses("POST /pam/end", 409, "CONFLICT", "it is over; see pam show ID")
    said = pam("--profile", "alice", "end", SESSION_ID).stderr
    assert said == "CONFLICT: it is over; see pam show ID\n"


def test_what_is_done_side_by_side_fails_in_the_same_words(
    fake: FakeApi, pam: Pam, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = Api._send

    def lost_if_posted(api: Api, method: str, path: str, **more: Any) -> Any:
        if method == "POST":
            message = "no answer"
            raise Failure(message, transient=True)
        return send(api, method, path, **more)

    monkeypatch.setattr(Api, "_send", lost_if_posted)
    three = [asked_for(minutes) for minutes in (1, 2, 3)]
    lists(fake, *three)
    words = ("revoke", "--person", "alice", "--reason", "laptop stolen")
    said = pam("--profile", "alice", *words).stderr
    for each in three:
        look = f"look with `pam --profile alice show {each['session_id']}` before trying again"
        assert said.count(look) == 1
