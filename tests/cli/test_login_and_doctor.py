"""`pam login` and `pam doctor`: who am I, where is PAM, and what is in the way."""

import json
import os
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cli.commands import doctor
from cli.examination import Finding, State
from tests.cli.fake_api import SESSION_ID, Answer, FakeApi, Pam, PamProcess

ME = {"person": "alice", "domain": "bank-core", "groups": ["core-engineers"], "principals": []}


@pytest.fixture
def signing(fake: FakeApi, monkeypatch: pytest.MonkeyPatch) -> FakeApi:
    fake.on("GET /pam/me", ME)
    fake.on("GET /pam/resources", {"items": [{"resource": "core-ledger-admin"}]})
    return fake


def _config(text: str) -> None:
    Path(os.environ["AWS_CONFIG_FILE"]).write_text(text)


@pytest.fixture
def aws_cli(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An `aws` that writes down how it was called, and puts out what is not for stdout."""
    tools = tmp_path / "tools"
    tools.mkdir()
    program = tools / "aws"
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/called\necho "open the browser"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    return tmp_path / "called"


SSO = "[profile sso]\nsso_session = bank\nsso_account_id = 1\nsso_role_name = x\n"


@pytest.mark.parametrize(
    ("profile", "called"),
    [
        ("sso", "sso login --profile sso"),
        ("old", "sso login --profile old"),
        ("by-role", "sso login --profile sso"),
        ("console", "login --profile console"),
        ("by-pam", "sso login --profile sso"),
    ],
)
def test_the_profile_that_is_signed_in_to_is_found(
    signing: FakeApi, aws_cli: Path, profile: str, called: str
) -> None:
    from cli.commands.login import _run, _sign_in
    from cli.config_file import read

    _config(
        SSO
        + "[profile old]\nsso_start_url = https://x.example\n"
        + "[profile by-role]\nrole_arn = x\nsource_profile = sso\n"
        + "[profile console]\nlogin_session = x\n"
        + "[profile by-pam]\n"
        + "credential_process = pam --profile sso credentials x --format process\n"
    )
    _run(_sign_in(profile, read(Path(os.environ["AWS_CONFIG_FILE"]))["profiles"]))
    assert aws_cli.read_text() == f"{called}\n"


def test_login_says_who_one_is_and_where_pam_is(
    signing: FakeApi, pam_process: PamProcess, aws_cli: Path, tmp_path: Path
) -> None:
    keys = "aws_access_key_id = AKIAALICE\naws_secret_access_key = alices-secret\n"
    _config(f"[profile own]\nsource_profile = person\n{keys}[profile person]\nlogin_session = x\n")
    ran = pam_process("login", "--profile", "own", "--json")
    assert ran.returncode == 0, ran.stderr
    document = json.loads(ran.stdout)
    assert (document["person"], document["api_url"]) == ("alice", f"{signing.url}/v1")
    assert document["signed_in"] is True
    assert "open the browser" in ran.stderr
    assert aws_cli.read_text() == "login --profile person\n"


def test_keys_need_no_sign_in(signing: FakeApi, pam: Pam, aws_cli: Path) -> None:
    result = pam("login")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines()[0] == "alice of bank-core: core-engineers"
    assert f"PAM is at {signing.url}/v1" in result.stdout
    assert not aws_cli.exists()


def test_without_the_aws_cli_it_says_what_is_missing(
    signing: FakeApi, pam: Pam, monkeypatch: pytest.MonkeyPatch
) -> None:
    _config(SSO)
    monkeypatch.setenv("PATH", "/nowhere")
    result = pam("login", "--profile", "sso")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "`aws sso login --profile sso`" in result.stderr


def test_a_sign_in_that_fails_is_said(signing: FakeApi, pam: Pam, aws_cli: Path) -> None:
    from cli.commands import login
    from cli.problems import Failure

    (aws_cli.parent / "tools" / "aws").write_text("#!/bin/sh\nexit 255\n")
    with pytest.raises(Failure, match="exit code 255"):
        login._run(["sso", "login"])


def _checks(pam: Pam, *options: str, healthy: bool) -> dict[str, dict[str, Any]]:
    result = pam("doctor", "--json", *options)
    document = json.loads(result.stdout)
    assert (result.exit_code, document["healthy"]) == (0 if healthy else 1, healthy), document
    return {check["about"]: check for check in document["checks"]}


def test_where_all_is_well_every_line_is(signing: FakeApi, pam: Pam) -> None:
    checks = _checks(pam, healthy=True)
    assert {check["state"] for check in checks.values()} <= {"ok", "unknown"}
    assert "user/alice" in checks["credentials"]["detail"]
    assert "you are alice (core-engineers)" in checks["API"]["detail"]
    assert checks["rights"]["detail"].startswith("1 resource")
    shown = pam("doctor").stdout
    assert len(shown.splitlines()) == len(checks)
    assert shown.startswith("ok ")


@pytest.mark.parametrize("wide", [60, 80])
def test_a_finding_keeps_to_its_column_where_a_terminal_is_narrow(wide: int) -> None:
    found = Finding(about="address", state=State.WRONG, detail="which PAM? " * 12, remedy="look")
    shown = StringIO()
    Console(file=shown, width=wide).print(doctor._lines(found))
    first, *more = shown.getvalue().splitlines()
    assert first.startswith("wrong    address       which PAM?")
    assert len(more) > 1
    assert all(line.startswith(" " * 23) and line[23] != " " for line in more)


def _no_keys(_: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")


def _no_parameter(fake: FakeApi, _: pytest.MonkeyPatch) -> None:
    fake.parameter = Answer(400, {"__type": "ParameterNotFound"})


def _no_environment(_: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PAM_ENV")


def _elsewhere(fake: FakeApi, _: pytest.MonkeyPatch) -> None:
    fake.parameter = Answer(body={"Parameter": {"Value": "https://evil.example/v1"}})


def _nobody(fake: FakeApi, _: pytest.MonkeyPatch) -> None:
    fake.refuses("GET /pam/me", 403, "NOT_ELIGIBLE", "this principal is not listed as anybody")


def _may_nothing(fake: FakeApi, _: pytest.MonkeyPatch) -> None:
    fake.on("GET /pam/me", ME | {"groups": []})
    fake.on("GET /pam/resources", {"items": []})


def _in_a_circle(_: FakeApi, __: pytest.MonkeyPatch) -> None:
    _config("[profile a]\ncredential_process = pam --profile a credentials x --format process\n")


def _broken_file(_: FakeApi, __: pytest.MonkeyPatch) -> None:
    _config("nonsense\n")


def _inside(_: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAM_SESSION_ID", SESSION_ID)


def _squatted(_: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(os.environ["HOME"]) / "t"
    folder.mkdir()
    folder.chmod(0o777)
    monkeypatch.delenv("PAM_LEASE_HOLDER")
    monkeypatch.setattr("tempfile.tempdir", str(folder))


@pytest.mark.parametrize(
    ("fault", "wrong", "said"),
    [
        (_no_keys, "credentials", "sign in"),
        (_no_parameter, "address", "--env"),
        (_no_environment, "address", "--env"),
        (_elsewhere, "address", "nothing was sent there"),
        (_nobody, "API", "not listed as anybody"),
        (_may_nothing, "rights", "0 resources"),
        (_in_a_circle, "profiles", "a -> a"),
        (_broken_file, "profiles", "cannot be read"),
        (_inside, "lease in use", "--profile"),
        (_squatted, "lease holder", "others may move"),
    ],
)
def test_what_is_wrong_is_named_with_what_to_do(
    signing: FakeApi, pam: Pam, monkeypatch: pytest.MonkeyPatch, fault: Any, wrong: str, said: str
) -> None:
    fault(signing, monkeypatch)
    checks = _checks(pam, healthy=False)
    assert checks[wrong]["state"] == "wrong", checks
    assert said in checks[wrong]["detail"] + checks[wrong]["remedy"]


def test_what_cannot_be_looked_at_is_unknown_and_not_wrong(
    signing: FakeApi, pam: Pam, monkeypatch: pytest.MonkeyPatch
) -> None:
    _no_parameter(signing, monkeypatch)
    checks = _checks(pam, healthy=False)
    states = {about: check["state"] for about, check in checks.items()}
    assert (states["API"], states["rights"], states["address"]) == ("unknown", "unknown", "wrong")


@pytest.mark.parametrize(("minutes", "healthy"), [(0, True), (3, True), (7, False), (-7, False)])
def test_the_clock_is_held_beside_awss(
    signing: FakeApi, pam: Pam, monkeypatch: pytest.MonkeyPatch, minutes: int, healthy: bool
) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(minutes=minutes), usegmt=True)
    answer = signing.answer

    def dated(asked: Any) -> Answer:
        given = answer(asked)
        return Answer(given.status, given.body, {**given.headers, "date": date})

    monkeypatch.setattr(signing.__class__, "answer", lambda _, asked: dated(asked))
    checks = _checks(pam, healthy=healthy)
    assert (checks["clock"]["state"] == "ok") is healthy


def test_secrets_are_in_no_line(signing: FakeApi, pam: Pam) -> None:
    assert "alices-secret" not in pam("doctor").stdout + pam("doctor", "--json").stdout
