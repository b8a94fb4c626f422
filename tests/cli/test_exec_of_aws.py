"""`pam exec` of AWS credentials: what the child is, whatever stands in the person's own files."""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pam.domain import timestamps
from tests.cli.fake_api import SESSION_ID, FakeApi, PamProcess, active, lease

CALL = f"POST /pam/sessions/{SESSION_ID}/credentials"
SHOW = f"GET /pam/sessions/{SESSION_ID}"
ENVIRONMENT = "import json, os, sys; json.dump([dict(os.environ), sys.argv], sys.stdout)"
WHO = (
    "import botocore.session, json\n"
    "found = botocore.session.Session().get_credentials()\n"
    "now = found.get_frozen_credentials()\n"
    "print(json.dumps([found.method, now.access_key, now.secret_key, now.token]))\n"
)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """The person's own: keys and an SSO set-up by default, and a profile with a name."""
    (tmp_path / "credentials").write_text(
        "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = default-secret\n"
        "[alice]\naws_access_key_id = AKIAALICE\naws_secret_access_key = alices-secret\n"
    )
    (tmp_path / "config").write_text(
        "[default]\nregion = us-east-1\nsso_start_url = https://sso.example\n"
        "sso_region = us-east-1\nsso_account_id = 111122223333\nsso_role_name = admin\n"
        "[profile alice]\nregion = eu-west-1\n"
    )
    return tmp_path


@pytest.fixture
def by_profile(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        monkeypatch.delenv(name)


def ran(pam_process: PamProcess, *arguments: str) -> Any:
    result = pam_process(*arguments)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def child(pam_process: PamProcess, *options: str) -> dict[str, str]:
    exec_it = (*options, "exec", SESSION_ID, "--", sys.executable, "-c", ENVIRONMENT, "--json")
    environment, arguments = ran(pam_process, *exec_it)
    assert arguments == ["-c", "--json"]
    return dict(environment)


def test_no_key_is_in_the_childs_environment_and_nothing_in_its_arguments(
    fake: FakeApi, pam_process: PamProcess
) -> None:
    fake.on(CALL, lease())
    fake.on(SHOW, active())
    environment = child(pam_process)
    assert environment.keys().isdisjoint(
        {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"}
    )
    secrets = ("se'cret", "token==", "alices-secret", "ASIALEASED")
    assert not [value for value in environment.values() if any(s in value for s in secrets)]
    assert environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"].startswith("http://127.0.0.1:")
    assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert environment["AWS_EC2_METADATA_DISABLED"] == "true"


def test_a_prompt_finds_session_resource_and_end(fake: FakeApi, pam_process: PamProcess) -> None:
    fake.on(CALL, lease())
    fake.on(SHOW, active())
    environment = child(pam_process)
    assert environment["PAM_SESSION_ID"] == SESSION_ID
    assert environment["PAM_RESOURCE"] == "core-ledger-admin"
    assert environment["PAM_EXPIRES_AT"] == "2126-11-20T01:35:00.000Z"


def test_without_them_the_command_runs_all_the_same(
    fake: FakeApi, pam_process: PamProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is not told those of an outer session."""
    monkeypatch.setenv("PAM_RESOURCE", "another")
    fake.on(CALL, lease())
    fake.refuses(SHOW, 500, "INTERNAL", "not now")
    environment = child(pam_process)
    assert environment["PAM_SESSION_ID"] == SESSION_ID
    assert environment.keys().isdisjoint({"PAM_RESOURCE", "PAM_EXPIRES_AT"})


@pytest.mark.usefixtures("by_profile")
@pytest.mark.parametrize("older", ["", "BOTO_CONFIG", "AWS_CREDENTIAL_FILE"])
def test_the_sdk_takes_the_lease_and_none_of_the_persons_own(
    fake: FakeApi,
    pam_process: PamProcess,
    monkeypatch: pytest.MonkeyPatch,
    files: Path,
    older: str,
) -> None:
    if older:
        (files / "older").write_text(
            "AWSAccessKeyId=AKIAOLD\nAWSSecretKey=old\n"
            if older == "AWS_CREDENTIAL_FILE"
            else "[Credentials]\naws_access_key_id = AKIAOLD\naws_secret_access_key = old\n"
        )
        monkeypatch.setenv(older, str(files / "older"))
    fake.on(CALL, lease())
    fake.on(SHOW, active())
    found = ran(pam_process, "--profile", "alice", "exec", SESSION_ID, "--", sys.executable, "-c", WHO)
    assert found == ["container-role", "ASIALEASED", "se'cret $(x)/+", "token=="]


FILES = (
    "import json, os, pathlib, stat\n"
    "paths = [pathlib.Path(os.environ[n]) for n in "
    "('AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE')]\n"
    "modes = [oct(stat.S_IMODE(p.stat().st_mode)) for p in (*paths, paths[0].parent)]\n"
    "print(json.dumps([[p.read_text() for p in paths], modes, str(paths[0].parent)]))\n"
)


def test_the_files_that_it_sees_hold_a_region_and_are_gone_afterwards(
    fake: FakeApi, pam_process: PamProcess
) -> None:
    fake.on(CALL, lease())
    texts, modes, folder = ran(pam_process, "exec", SESSION_ID, "--", sys.executable, "-c", FILES)
    assert texts == ["[default]\nregion = eu-west-1\n", ""]
    assert modes == ["0o600", "0o600", "0o700"]
    assert not Path(folder).exists()


def test_what_an_api_names_as_a_region_writes_no_profile(
    fake: FakeApi, pam_process: PamProcess
) -> None:
    fake.on(CALL, lease(region="x\naws_access_key_id = AKIAEVIL"))
    texts, _, _ = ran(pam_process, "exec", SESSION_ID, "--", sys.executable, "-c", FILES)
    assert texts == ["", ""]


RENEWED = (
    "import botocore.session, time\n"
    "found, until = botocore.session.Session().get_credentials(), time.monotonic() + 30\n"
    "while found.get_frozen_credentials().access_key != 'ASIA2' and time.monotonic() < until:\n"
    "    time.sleep(0.05)\n"
    "print(found.get_frozen_credentials().access_key)\n"
)


def test_work_that_is_longer_than_a_lease_goes_on_with_the_next(
    fake: FakeApi, pam_process: PamProcess
) -> None:
    soon = timestamps.render(datetime.now(UTC) + timedelta(seconds=3))
    fake.on(CALL, lease(access_key_id="ASIA1", expires_at=soon), lease(access_key_id="ASIA2"))
    fake.on(SHOW, active())
    result = pam_process("exec", SESSION_ID, "--", sys.executable, "-c", RENEWED)
    assert (result.stdout, result.stderr) == ("ASIA2\n", "")
    assert len(fake.calls(CALL)) == 2


AFTER = (
    "import botocore.session, botocore.utils, time\n"
    "botocore.utils.ContainerMetadataFetcher.SLEEP_TIME = 0\n"
    "found = botocore.session.Session().get_credentials()\n"
    "while True:\n"
    "    found.get_frozen_credentials()\n"
    "    time.sleep(0.05)\n"
)


def test_at_the_end_both_the_person_and_the_sdk_are_told_and_nothing_is_killed(
    fake: FakeApi, pam_process: PamProcess
) -> None:
    ends = timestamps.render(datetime.now(UTC) + timedelta(seconds=3))
    fake.on(CALL, lease(expires_at=ends))
    fake.on(SHOW, active(expires_at=ends))
    result = pam_process("exec", SESSION_ID, "--", sys.executable, "-c", AFTER)
    assert result.returncode == 1
    assert f"the session {SESSION_ID} is over" in result.stderr
    assert "pam: core-ledger-admin is over" in result.stderr
    assert len(fake.calls(CALL)) == 1


def test_a_lease_that_says_not_when_it_ends_runs_nothing(
    fake: FakeApi, pam_process: PamProcess
) -> None:
    fake.on(CALL, lease(expires_at=None))
    result = pam_process("exec", SESSION_ID, "--", "echo", "ran")
    assert (result.returncode, result.stdout) == (1, "")
    assert "says not when it ends" in result.stderr


INSIDE = [sys.executable, "-m", "cli.main", "show", SESSION_ID, "--json"]


@pytest.mark.usefixtures("by_profile")
@pytest.mark.parametrize("by", ["option", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
def test_pam_inside_is_the_person_by_the_name_of_their_profile(
    fake: FakeApi, pam_process: PamProcess, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    options = ["--profile", "alice"] if by == "option" else []
    if not options:
        monkeypatch.setenv(by, "alice")
    monkeypatch.delenv("PAM_ENV")
    fake.on(CALL, lease(region="us-west-2"))
    fake.on(SHOW, active())
    shown = ran(pam_process, *options, "--env", "test", "exec", SESSION_ID, "--", *INSIDE)
    assert shown["session_id"] == SESSION_ID
    signed = fake.calls(SHOW)[-1].headers["authorization"]
    assert "Credential=AKIAALICE/" in signed
    assert "/eu-west-1/execute-api/" in signed


@pytest.mark.parametrize("profile", [[], ["--profile", "alice"]])
def test_where_there_is_no_name_pam_inside_says_what_to_do(
    fake: FakeApi, pam_process: PamProcess, files: Path, profile: list[str]
) -> None:
    """The person's keys are in the environment, and are not handed on."""
    fake.on(CALL, lease())
    fake.on(SHOW, active())
    result = pam_process("exec", SESSION_ID, "--", *INSIDE, *profile)
    if profile:
        assert result.returncode == 0, result.stderr
        assert "Credential=AKIAALICE/" in fake.calls(SHOW)[-1].headers["authorization"]
        return
    assert result.returncode == 1
    assert "inside `pam exec` the credentials are the session's" in result.stderr
    assert "give --profile NAME" in result.stderr


@pytest.mark.usefixtures("by_profile")
def test_exec_inside_exec_is_the_inner_session_and_the_same_person(
    fake: FakeApi, pam_process: PamProcess
) -> None:
    fake.on(CALL, lease(access_key_id="ASIAOUTER"), lease(access_key_id="ASIAINNER"))
    fake.on(SHOW, active())
    inner = [sys.executable, "-m", "cli.main", "exec", SESSION_ID, "--", sys.executable, "-c", WHO]
    found = ran(pam_process, "--profile", "alice", "exec", SESSION_ID, "--", *inner)
    assert found[:2] == ["container-role", "ASIAINNER"]
    signed = [asked.headers["authorization"] for asked in fake.calls(CALL)]
    assert all("Credential=AKIAALICE/" in each for each in signed)
