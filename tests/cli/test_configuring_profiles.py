"""`pam configure`: a profile is written, and nothing else in the file is touched."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from botocore.compat import compat_shell_split
from botocore.configloader import load_config

from cli import config_file, profiles
from cli.problems import Failure
from tests.cli.fake_api import FakeApi, Pam, PamProcess

RESOURCE = "core-ledger-admin"
OWN = "[profile own]\naws_access_key_id = AKIAALICE\naws_secret_access_key = alices-secret\n"
SHAPED = (
    "# mine; do not touch\n"
    "[default]\nregion=eu-west-1   \n\n"
    "; old\n#[profile core-ledger-admin]\n"
    "[profile own]\naws_access_key_id = AKIAALICE\naws_secret_access_key = alices-secret\n"
    's3 =\n    addressing_style = path\n[profile "with blank"]\noutput = json\n'
    "[sso-session bank]\nsso_region = eu-west-1"
)


@pytest.fixture
def config(fake: FakeApi, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A config file with one profile to sign with, by name."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_PROFILE", "own")
    monkeypatch.setattr(profiles, "this_command", lambda: ["/opt/my tools/bin/pam"])
    path = Path(os.environ["AWS_CONFIG_FILE"])
    path.write_text(OWN)
    fake.on(
        "GET /pam/resources",
        {
            "items": [
                {"resource": RESOURCE, "kind": "aws-role"},
                {"resource": "kyc-read", "kind": "aws-role"},
                {"resource": "core-ledger-db", "kind": "postgres-user"},
            ]
        },
    )
    return path


def parsed(path: Path) -> dict[str, Any]:
    return dict(load_config(str(path))["profiles"])


def test_the_profile_starts_pam_as_the_person_who_wrote_it(config: Path, pam: Pam) -> None:
    result = pam("configure", RESOURCE)
    assert result.exit_code == 0, result.stderr
    written = parsed(config)[RESOURCE]
    assert compat_shell_split(written["credential_process"]) == [
        "/opt/my tools/bin/pam", "--profile", "own", "--env", "test", "--region", "eu-west-1",
        "credentials", RESOURCE, "--format", "process",
    ]  # fmt: skip
    assert written["region"] == "eu-west-1"
    assert set(written) == {"credential_process", "region"}
    assert f"aws --profile {RESOURCE} " in result.stdout


def test_every_other_byte_of_the_file_stays(config: Path, pam: Pam) -> None:
    config.write_text(SHAPED)
    assert pam("configure", RESOURCE).exit_code == 0
    text = config.read_text()
    assert text.startswith(SHAPED + "\n")
    added = text.removeprefix(SHAPED + "\n")
    assert [line.partition(" =")[0] for line in added.splitlines()] == [
        "", f"[profile {RESOURCE}]", "credential_process", "region",
    ]  # fmt: skip


def test_a_profile_of_its_own_is_brought_up_to_date_in_its_place(config: Path, pam: Pam) -> None:
    pam("configure", RESOURCE)
    own = "# where\nregion = eu-north-1\noutput = json"
    before = config.read_text().replace("region = eu-west-1", own)
    config.write_text(before + "\n[profile last]\noutput = text\n")
    result = pam("configure", RESOURCE, "--env", "uat", "--json")
    assert json.loads(result.stdout)["changed"] is True
    # What a person has changed stays, the region too.
    after = before.replace("--env test", "--env uat")
    assert config.read_text() == after + "\n[profile last]\noutput = text\n"
    again = pam("configure", RESOURCE, "--env", "uat", "--json")
    assert json.loads(again.stdout)["changed"] is False


def test_windows_line_ends_stay(config: Path, pam: Pam) -> None:
    config.write_bytes(OWN.replace("\n", "\r\n").encode())
    assert pam("configure", RESOURCE).exit_code == 0
    content = config.read_bytes()
    assert content.count(b"\n") == content.count(b"\r\n") == 7


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_permissions_and_the_link_stay(config: Path, pam: Pam, tmp_path: Path, mode: int) -> None:
    real = tmp_path / "dotfiles" / "aws-config"
    real.parent.mkdir()
    config.rename(real)
    real.chmod(mode)
    config.symlink_to(real)
    assert pam("configure", RESOURCE).exit_code == 0
    assert config.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == mode
    assert RESOURCE in parsed(real)
    assert [path.name for path in real.parent.iterdir()] == ["aws-config"]


def test_a_new_file_is_for_its_owner_alone(
    config: Path, pam: Pam, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "credentials").write_text(OWN.replace("profile ", ""))
    new = tmp_path / "new" / "config"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(new))
    result = pam("configure", RESOURCE)
    assert result.exit_code == 0, result.stderr
    assert stat.S_IMODE(new.stat().st_mode) == 0o600
    assert stat.S_IMODE(new.parent.stat().st_mode) == 0o700


def test_inside_exec_it_is_the_persons_own_file(
    config: Path, pam_process: PamProcess, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "of-exec").write_text("[default]\nregion = eu-west-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "of-exec"))
    monkeypatch.setenv("PAM_AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("PAM_AWS_PROFILE", "own")
    monkeypatch.setenv("PAM_AWS_REGION", "eu-west-1")
    monkeypatch.delenv("AWS_PROFILE")
    ran = pam_process("configure", RESOURCE)
    assert ran.returncode == 0, ran.stderr
    assert "--profile own " in parsed(config)[RESOURCE]["credential_process"]
    assert RESOURCE not in (tmp_path / "of-exec").read_text()


TAKEN = {
    "a role": "role_arn = arn:aws:iam::111122223333:role/x\nsource_profile = own\n",
    "keys": "aws_access_key_id = AKIABOB\naws_secret_access_key = x\n",
    "single sign-on": "sso_session = bank\nsso_account_id = 111122223333\n",
    "a region alone": "region = eu-west-1\n",
    "another process": "credential_process = /bin/vault read core-ledger-admin\n",
    "one that is like it": "credential_process = /bin/x credentials kyc --format process\n",
    "ours and keys": (
        f"credential_process = pam --profile own credentials {RESOURCE} --format process\n"
        "aws_access_key_id = AKIABOB\n"
    ),
    "another resource": "credential_process = pam credentials kyc-read --format process\n",
    "more words": f"credential_process = sudo -u x pam credentials {RESOURCE} --format process\n",
}


@pytest.mark.parametrize("case", TAKEN)
def test_a_profile_that_is_not_its_own_is_never_overwritten(
    config: Path, pam: Pam, case: str
) -> None:
    text = f"{OWN}[profile {RESOURCE}]\n{TAKEN[case]}"
    config.write_text(text)
    result = pam("configure", RESOURCE)
    assert (result.exit_code, config.read_text()) == (1, text)
    assert "--profile-name" in result.stderr
    assert pam("configure", RESOURCE, "--profile-name", "free").exit_code == 0


def test_nor_one_of_the_credentials_file(config: Path, pam: Pam, tmp_path: Path) -> None:
    keys = f"[{RESOURCE}]\naws_access_key_id = AKIABOB\naws_secret_access_key = x\n"
    (tmp_path / "credentials").write_text(keys)
    assert pam("configure", RESOURCE).exit_code == 1
    assert config.read_text() == OWN


@pytest.mark.parametrize("name", ["own", "between", "x\ny", "a]b", "default", "-x", "a b"])
def test_a_name_that_would_be_a_circle_or_no_name_is_refused(
    config: Path, pam: Pam, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = OWN + "[profile user]\nsource_profile = between\nrole_arn = x\n"
    text += "[profile between]\nsource_profile = own\nrole_arn = y\n"
    config.write_text(text)
    result = pam("configure", RESOURCE, "--profile-name", name, "--profile", "user")
    assert result.exit_code != 0
    assert name not in {"own", "between"} or "from itself" in result.stderr
    assert config.read_text() == text


def test_who_has_no_profile_to_sign_with_is_told_so(
    config: Path, pam: Pam, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_PROFILE")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAALICE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "alices-secret")
    result = pam("configure", RESOURCE)
    assert (result.exit_code, config.read_text()) == (1, OWN)
    assert "--profile" in result.stderr


@pytest.mark.parametrize(
    ("resource", "code", "said"),
    [
        ("core-leger-admin", "NOT_FOUND: ", f"did you mean {RESOURCE}?"),
        ("nothing-like-it", "NOT_FOUND: ", "pam resources"),
        ("core-ledger-db", "", "pam exec"),
    ],
)
def test_only_a_resource_that_aws_credentials_are_lent_of(
    config: Path, pam: Pam, resource: str, code: str, said: str
) -> None:
    result = pam("configure", resource)
    assert result.exit_code != 0
    assert result.stderr.startswith(code)
    assert said in result.stderr
    assert config.read_text() == OWN


@pytest.mark.parametrize(
    "text",
    [
        "[profile own]\nregion = x\n[profile own]\nregion = y\n",
        "no section = 1\n",
        "[profile own\n",
        "\ufeff[profile own]\n",
    ],
)
def test_a_broken_file_is_left_as_it_is(config: Path, text: str) -> None:
    config.write_text(text, encoding="utf-8")
    with pytest.raises(Failure):
        config_file.write(config, "x", {"region": "y"}, kept=frozenset())
    assert config.read_text(encoding="utf-8") == text
    assert [path.name for path in config.parent.iterdir()] == ["config"]


def test_what_cannot_be_edited_safely_is_left_as_it_is(config: Path) -> None:
    """A value that goes on after an empty line would swallow what takes its place."""
    text = "[profile z]\ncredential_process = a\n\n  b\nregion = c\n"
    config.write_text(text)
    with pytest.raises(Failure, match="cannot be edited safely"):
        config_file.write(config, "z", {"credential_process": "x"}, kept=frozenset())
    assert config.read_text() == text
    assert [path.name for path in config.parent.iterdir()] == ["config"]


def test_what_somebody_else_writes_meanwhile_is_not_lost(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = OWN + "[profile theirs]\nregion = x\n"
    monkeypatch.setattr(os, "fsync", lambda _: config.write_text(theirs))
    with pytest.raises(Failure):
        config_file.write(config, "z", {"region": "x"}, kept=frozenset())
    assert config.read_text() == theirs


def test_a_header_that_is_a_part_of_a_value_is_none(config: Path) -> None:
    text = "[profile x]\nregion = a\n [profile y]\n region = b\n[profile z]\nregion = c\n"
    config.write_text(text)
    wanted = {"credential_process": "x"}
    config_file.write(config, "z", wanted, kept=frozenset())
    assert config.read_text().startswith(text.partition("[profile z]")[0])
    assert parsed(config)["z"] == {"region": "c", "credential_process": "x"}


WORDS = [
    ["/opt/my tools/pam", "--profile", "Alice Smith", "credentials", "x"],
    ["/o'brien/pam", 'say "hi"', "back\\slash", "$HOME", "%x%", "#1", ";", "a=b", "\u00e9"],
]


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("platform", ["linux", "win32"])
def test_the_line_is_split_into_the_very_words(
    words: list[str], platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", platform)
    assert compat_shell_split(profiles.joined(words), platform) == words


@pytest.mark.parametrize("word", ["a\nb", "\x1b[31m", "a\u2028b"])
def test_what_a_config_file_cannot_hold_is_refused(word: str) -> None:
    with pytest.raises(Failure):
        profiles.joined(["pam", word])


@pytest.mark.parametrize(
    ("circle", "known"),
    [
        (["a"], {"a": "pam credentials x --format process"}),
        (["a"], {"a": "pam --profile a credentials x --format process"}),
        (["a", "b"], {"a": "pam --profile b credentials x --format process",
                      "b": "pam --env t --profile a credentials y --format process"}),
        ([], {"a": "pam --profile c credentials x --format process", "c": "vault"}),
        ([], {"a": "something else"}),
        ([], {"a": "unbalanced ' quote"}),
    ],
)  # fmt: skip
def test_circles_are_seen_in_the_file(circle: list[str], known: dict[str, str]) -> None:
    settings = {name: {"credential_process": line} for name, line in known.items()}
    assert profiles.circle_from("a", settings) == circle
