"""`pam exec` of AWS credentials: what the child is, whatever stands in the person's own files."""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pam.domain import timestamps
from tests.cli.fake_api import SESSION_ID, FakeApi, Pam, active, lease

CALL = f"POST /pam/sessions/{SESSION_ID}/credentials"
SHOW = f"GET /pam/sessions/{SESSION_ID}"
WRITE = "import json, os, sys\ndef write(it): json.dump(it, open(sys.argv[1], 'w'))\n"
ENVIRONMENT = "write([dict(os.environ), sys.argv])"
WHO = (
    "import botocore.session\n"
    "found = botocore.session.Session().get_credentials()\n"
    "now = found.get_frozen_credentials()\n"
    "write([found.method, now.access_key, now.secret_key, now.token])\n"
)
Written = Callable[..., Any]


@pytest.fixture
def files(fake: FakeApi, tmp_path: Path) -> Path:
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


@pytest.fixture
def written(pam: Pam, tmp_path: Path) -> Written:
    """What a Python under `pam exec` wrote down."""

    def run(script: str, *options: str) -> Any:
        out = tmp_path / "written.json"
        command = (sys.executable, "-c", WRITE + script, str(out), "--json")
        result = pam(*options, "exec", SESSION_ID, "--", *command)
        assert result.exit_code == 0, result.stderr
        return json.loads(out.read_text())

    return run


def test_no_key_is_in_the_childs_environment_and_nothing_in_its_arguments(
    fake: FakeApi, written: Written
) -> None:
    fake.on(CALL, lease())
    fake.on(SHOW, active())
    environment, arguments = written(ENVIRONMENT)
    assert len(arguments) == 3
    assert arguments[2] == "--json"
    assert environment.keys().isdisjoint(
        {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"}
    )
    secrets = ("se'cret", "token==", "alices-secret", "ASIALEASED")
    assert not [value for value in environment.values() if any(s in value for s in secrets)]
    assert environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"].startswith("http://127.0.0.1:")
    assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert environment["AWS_EC2_METADATA_DISABLED"] == "true"


def test_a_prompt_finds_session_resource_and_end(fake: FakeApi, written: Written) -> None:
    fake.on(CALL, lease())
    fake.on(SHOW, active())
    environment, _ = written(ENVIRONMENT)
    assert environment["PAM_SESSION_ID"] == SESSION_ID
    assert environment["PAM_RESOURCE"] == "core-ledger-admin"
    assert environment["PAM_EXPIRES_AT"] == "2126-11-20T01:35:00.000Z"


def test_without_them_the_command_runs_all_the_same(
    fake: FakeApi, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is not told those of an outer session."""
    monkeypatch.setenv("PAM_RESOURCE", "another")
    fake.on(CALL, lease())
    fake.refuses(SHOW, 500, "INTERNAL", "not now")
    environment, _ = written(ENVIRONMENT)
    assert environment["PAM_SESSION_ID"] == SESSION_ID
    assert environment.keys().isdisjoint({"PAM_RESOURCE", "PAM_EXPIRES_AT"})


@pytest.mark.usefixtures("by_profile")
@pytest.mark.parametrize("older", ["", "BOTO_CONFIG", "AWS_CREDENTIAL_FILE"])
def test_the_sdk_takes_the_lease_and_none_of_the_persons_own(
    fake: FakeApi,
    written: Written,
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
    found = written(WHO, "--profile", "alice")
    assert found == ["container-role", "ASIALEASED", "se'cret $(x)/+", "token=="]


FILES = (
    "import pathlib, stat\n"
    "paths = [pathlib.Path(os.environ[n]) for n in "
    "('AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE')]\n"
    "modes = [oct(stat.S_IMODE(p.stat().st_mode)) for p in (*paths, paths[0].parent)]\n"
    "write([[p.read_text() for p in paths], modes, str(paths[0].parent)])\n"
)


def test_the_files_that_it_sees_hold_a_region_and_are_gone_afterwards(
    fake: FakeApi, written: Written
) -> None:
    fake.on(CALL, lease())
    texts, modes, folder = written(FILES)
    assert texts == ["[default]\nregion = eu-west-1\n", ""]
    assert modes == ["0o600", "0o600", "0o700"]
    assert not Path(folder).exists()


def test_what_an_api_names_as_a_region_writes_no_profile(fake: FakeApi, written: Written) -> None:
    fake.on(CALL, lease(region="x\naws_access_key_id = AKIAEVIL"))
    texts, _, _ = written(FILES)
    assert texts == ["", ""]


RENEWED = (
    "import botocore.session, time\n"
    "found, until = botocore.session.Session().get_credentials(), time.monotonic() + 30\n"
    "while found.get_frozen_credentials().access_key != 'ASIA2' and time.monotonic() < until:\n"
    "    time.sleep(0.05)\n"
    "write(found.get_frozen_credentials().access_key)\n"
)


def in_seconds(seconds: float) -> Callable[[], str]:
    """An end that is so many seconds after it was said first."""
    said: list[str] = []

    def end() -> str:
        at = datetime.now(UTC) + timedelta(seconds=seconds)
        said.append(timestamps.render(at))
        return said[0]

    return end


def test_work_that_is_longer_than_a_lease_goes_on_with_the_next(
    fake: FakeApi, written: Written
) -> None:
    end = in_seconds(4)
    fake.on(
        CALL,
        lambda _: lease(access_key_id="ASIA1", expires_at=end()),
        lease(access_key_id="ASIA2"),
    )
    fake.on(SHOW, active())
    assert written(RENEWED) == "ASIA2"
    assert len(fake.calls(CALL)) == 2


AFTER = (
    "import botocore.session, botocore.utils, datetime, time\n"
    "botocore.utils.ContainerMetadataFetcher.SLEEP_TIME = 0\n"
    "try:\n"
    "    found = botocore.session.Session().get_credentials()\n"
    "    while found.get_frozen_credentials(): time.sleep(0.05)\n"
    "except Exception as error: write(str(error))\n"
    "ends = datetime.datetime.fromisoformat(os.environ['PAM_EXPIRES_AT']).timestamp()\n"
    "while time.time() < ends: time.sleep(0.05)\n"
)


def test_at_the_end_both_the_person_and_the_sdk_are_told_and_nothing_is_killed(
    fake: FakeApi, pam: Pam, tmp_path: Path
) -> None:
    end = in_seconds(4)
    fake.on(CALL, lambda _: lease(expires_at=end()))
    fake.on(SHOW, lambda _: active(expires_at=end()))
    out = tmp_path / "out"
    command = (sys.executable, "-c", WRITE + AFTER, str(out))
    result = pam("exec", SESSION_ID, "--", *command)
    assert result.exit_code == 0
    assert f"the session {SESSION_ID} is over; ask for another" in json.loads(out.read_text())
    assert result.stderr == (
        "pam: core-ledger-admin is over: what was lent is refused now; your command still runs\n"
    )
    assert len(fake.calls(CALL)) == 1


def test_a_lease_that_says_not_when_it_ends_runs_nothing(
    fake: FakeApi, pam: Pam, tmp_path: Path
) -> None:
    fake.on(CALL, lease(expires_at=None))
    result = pam("exec", SESSION_ID, "--", "touch", str(tmp_path / "ran"))
    assert result.exit_code == 1
    assert "says not when it ends" in result.stderr
    assert not (tmp_path / "ran").exists()


INSIDE = (
    "import subprocess\n"
    "pam = [sys.executable, '-m', 'cli.main', *{arguments}]\n"
    "ran = subprocess.run(pam, capture_output=True, text=True)\n"
    "write([ran.returncode, ran.stdout, ran.stderr])\n"
)


@pytest.mark.usefixtures("by_profile")
@pytest.mark.parametrize("by", ["option", "AWS_PROFILE"])
def test_pam_inside_is_the_person_by_the_name_of_their_profile(
    fake: FakeApi, written: Written, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    options = ["--profile", "alice"] if by == "option" else []
    if not options:
        monkeypatch.setenv(by, "alice")
    monkeypatch.delenv("PAM_ENV")
    fake.on(CALL, lease(region="us-west-2"))
    fake.on(SHOW, active())
    inside = INSIDE.format(arguments=["show", SESSION_ID, "--json"])
    code, shown, said = written(inside, *options, "--env", "test")
    assert code == 0, said
    assert json.loads(shown)["session_id"] == SESSION_ID
    signed = fake.calls(SHOW)[-1].headers["authorization"]
    assert "Credential=AKIAALICE/" in signed
    assert "/eu-west-1/execute-api/" in signed


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("profile", [[], ["--profile", "alice"]])
def test_where_there_is_no_name_pam_inside_says_what_to_do(
    fake: FakeApi, written: Written, profile: list[str]
) -> None:
    """The person's keys are in the environment, and are not handed on."""
    fake.on(CALL, lease())
    fake.on(SHOW, active())
    code, _, said = written(INSIDE.format(arguments=["show", SESSION_ID, *profile]))
    if profile:
        assert code == 0, said
        assert "Credential=AKIAALICE/" in fake.calls(SHOW)[-1].headers["authorization"]
        return
    assert code == 1
    assert "inside `pam exec` the credentials are the session's" in said
    assert "give --profile NAME" in said


@pytest.mark.usefixtures("by_profile")
def test_exec_inside_exec_is_the_inner_session_and_the_same_person(
    fake: FakeApi, written: Written, tmp_path: Path
) -> None:
    fake.on(CALL, lease(access_key_id="ASIAOUTER"), lease(access_key_id="ASIAINNER"))
    fake.on(SHOW, active())
    inner = tmp_path / "inner.json"
    who = [sys.executable, "-c", WRITE + WHO, str(inner)]
    inside = INSIDE.format(arguments=["exec", SESSION_ID, "--", *who])
    code, _, said = written(inside, "--profile", "alice")
    assert code == 0, said
    assert json.loads(inner.read_text())[:2] == ["container-role", "ASIAINNER"]
    signed = [asked.headers["authorization"] for asked in fake.calls(CALL)]
    assert all("Credential=AKIAALICE/" in each for each in signed)
