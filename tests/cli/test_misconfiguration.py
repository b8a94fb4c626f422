"""Every way the surroundings can be wrong: one line that says what to do, no traceback."""

from pathlib import Path

import pytest

from tests.cli.fake_api import SESSION_ID, Answer, FakeApi, Pam, session
from tests.cli.programs import write_profiles


def _only_line(pam: Pam, *arguments: str, exit_code: int = 1) -> str:
    result = pam("show", SESSION_ID, *arguments)
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert result.stderr.count("\n") == 1, result.stderr
    assert "Traceback" not in result.stderr
    assert "internal error" not in result.stderr
    return str(result.stderr)


def _ssm_says(code: str, message: str = "no") -> Answer:
    body = {"__type": code, "message": message}
    return Answer(
        400, body, {"x-amzn-errortype": code, "content-type": "application/x-amz-json-1.1"}
    )


@pytest.fixture
def without_credentials(fake: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")


def test_without_credentials_it_says_how_to_get_some(pam: Pam, without_credentials: None) -> None:
    line = _only_line(pam)
    assert "no AWS credentials found; sign in" in line
    assert "--profile" in line


def test_half_a_pair_of_credentials_is_named(
    pam: Pam, without_credentials: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    assert "AWS credentials cannot be used" in _only_line(pam)


def test_a_profiles_own_process_says_itself_what_to_do(
    pam: Pam, without_credentials: None, tmp_path: Path
) -> None:
    """Of one that `pam configure` wrote: there is no session, which no sign-in mends."""
    process = tmp_path / "process"
    process.write_text("#!/bin/sh\necho 'NOT_FOUND: you have no open session' >&2; exit 4\n")
    process.chmod(0o755)
    write_profiles(ledger=str(process))
    line = _only_line(pam, "--profile", "ledger")
    assert "NOT_FOUND: you have no open session" in line
    assert "sign in" not in line


def test_an_unknown_profile_is_named(pam: Pam, tmp_path: Path) -> None:
    (tmp_path / "config").touch()
    line = _only_line(pam, "--profile", "nobody")
    assert "nobody" in line
    assert "list-profiles" in line


@pytest.mark.parametrize("by_variable", [False, True])
def test_a_misspelt_profile_says_which_was_meant(
    pam: Pam, monkeypatch: pytest.MonkeyPatch, *, by_variable: bool
) -> None:
    write_profiles(operator="true")
    if by_variable:
        monkeypatch.setenv("AWS_PROFILE", "opeartor")
    line = _only_line(pam, *[] if by_variable else ["--profile", "opeartor"])
    assert line.endswith("could not be found; did you mean operator?\n")


def test_a_config_file_that_went_with_its_stack_is_named_with_the_unknown_profile(
    pam: Pam, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gone = tmp_path / "stopped" / "config"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(gone))
    line = _only_line(pam, "--profile", "alice")
    assert f"AWS_CONFIG_FILE names {gone}, which is not there" in line
    assert "is the local stack down?" in line


def test_a_broken_config_file_is_named(fake: FakeApi, pam: Pam, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[profile x\nregion = y\n")
    assert "config" in _only_line(pam)


def test_without_a_region_it_asks_for_one(pam: Pam, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")
    assert "no AWS region; give --region" in _only_line(pam)


def test_a_region_that_is_none_is_named(pam: Pam) -> None:
    assert "in the moon!" in _only_line(pam, "--region", "in the moon!")


def test_a_missing_parameter_names_environment_and_region(fake: FakeApi, pam: Pam) -> None:
    fake.parameter = _ssm_says("ParameterNotFound")
    line = _only_line(pam, "--env", "uat", "--region", "eu-north-1")
    assert "no PAM for environment uat in eu-north-1" in line
    assert "/bank/uat/mod046/request-api/endpoint" in line


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("AccessDeniedException", "ask for ssm:GetParameter on it"),
        ("ExpiredTokenException", "sign in again"),
        ("UnrecognizedClientException", "AWS does not know these credentials"),
        ("InvalidSignatureException", "does not fit the access key"),
        ("InternalServerError", "GetParameter was refused: InternalServerError"),
    ],
)
def test_what_ssm_refuses_comes_with_advice(
    fake: FakeApi, pam: Pam, code: str, advice: str
) -> None:
    fake.parameter = _ssm_says(code)
    assert advice in _only_line(pam)


def test_a_wrong_clock_is_told_by_how_much(fake: FakeApi, pam: Pam) -> None:
    refusal = _ssm_says("InvalidSignatureException", "Signature expired")
    headers = {**refusal.headers, "date": "Fri, 20 Nov 2099 01:00:00 GMT"}
    fake.parameter = Answer(400, refusal.body, headers)
    assert "minutes behind; set it right" in _only_line(pam)


def test_nobody_at_the_local_endpoint_says_how_to_start_it(
    pam: Pam, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert _only_line(pam, exit_code=5) == (
        "CLIENT: nothing answers at 127.0.0.1:9; start the local stack with `pam local up`\n"
    )


def test_nobody_at_the_api_says_how_to_start_it(pam: Pam, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAM_API_URL", "http://127.0.0.1:9/v1")
    assert "nothing answers at 127.0.0.1:9" in _only_line(pam, exit_code=5)


@pytest.mark.parametrize("url", ["http://pam.example/v1", "http://localhost.evil.example/v1"])
def test_credentials_never_cross_the_network_in_the_clear(
    fake: FakeApi, pam: Pam, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    fake.parameter = Answer(200, {"Parameter": {"Value": url}})
    assert "nothing was sent there" in _only_line(pam)
    monkeypatch.setenv("PAM_API_URL", url)
    assert "is not https" in _only_line(pam)
    assert fake.asked == []


def test_an_answer_that_takes_too_long_is_given_up(
    fake: FakeApi, pam: Pam, monkeypatch: pytest.MonkeyPatch
) -> None:
    from threading import Event

    from cli import api

    late = Event()
    monkeypatch.setattr(api, "READ_TIMEOUT", 0.05)
    monkeypatch.setattr(type(fake), "answer", lambda *_: (late.wait(5), Answer(200, session()))[1])
    monkeypatch.setenv("PAM_API_URL", fake.url)
    assert "Read timeout" in _only_line(pam, exit_code=5)
    result = pam("end", SESSION_ID)
    late.set()
    assert result.exit_code == 5
    assert "whether PAM did it is not known" in result.stderr


def test_without_an_environment_it_is_wrong_usage(
    pam: Pam, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PAM_ENV")
    result = pam("show", SESSION_ID)
    assert result.exit_code == 2
    assert "give --env (for example --env prod), or set PAM_ENV" in result.stderr


@pytest.mark.parametrize("env", ["Prod", "a/b", "-x", "x" * 40])
def test_what_cannot_name_an_environment_is_wrong_usage(pam: Pam, env: str) -> None:
    result = pam("show", SESSION_ID, f"--env={env}")
    assert result.exit_code == 2
    assert "names none: lower-case letters, digits and hyphens" in result.stderr


def test_a_given_api_url_needs_neither_ssm_nor_an_environment(
    fake: FakeApi, pam: Pam, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.parameter = _ssm_says("AccessDeniedException")
    fake.on(f"GET /pam/sessions/{SESSION_ID}", session())
    monkeypatch.delenv("PAM_ENV")
    monkeypatch.setenv("PAM_API_URL", f"{fake.url}/v1/")
    assert pam("show", SESSION_ID).exit_code == 0


def test_a_fault_of_pam_itself_is_one_line_too(
    fake: FakeApi, pam: Pam, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cli import render

    def broken(*_: object, **__: object) -> None:
        message = "boom"
        raise KeyError(message)

    monkeypatch.setattr(render, "show_session", broken)
    fake.on(f"GET /pam/sessions/{SESSION_ID}", session())
    result = pam("show", SESSION_ID)
    assert result.exit_code == 1
    said = "internal error: KeyError: 'boom' (PAM_TRACEBACK=1 shows where)"
    assert result.stderr == f"CLIENT: {said}\n"
