"""`make preflight`, `deploy`, `smoke`, `destroy`, `unstick` and `cost`, as a person calls them:
what is wrong is told in one line that says what to do, and never by a traceback.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deployment import environment
from deployment.environment import ROOT
from stacks.config import ConfigError

LIST = "say ENV=NAME, with one of dev, local, prod, uat (cdk.json)"
PROGRAMS = ("preflight", "deploy", "smoke", "destroy", "unstick")
SIGN_IN = "sign in (for example `aws sso login`), or choose a profile: AWS_PROFILE=NAME"
NOBODY = {
    # As make has it: this environment's Node first.
    "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    "PYTHONPATH": str(ROOT / "lambdas"),
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_CONFIG_FILE": os.devnull,
}


def call(program: str, *arguments: str, **settings: str) -> tuple[int, str]:
    """Exit code and stderr, with no credentials but what `settings` bring."""
    done = subprocess.run(
        [sys.executable, "-m", f"deployment.{program}", *arguments],
        cwd=ROOT,
        env=NOBODY | settings,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr.strip()


@pytest.mark.parametrize("program", PROGRAMS)
def test_an_environment_has_to_be_named(program: str) -> None:
    assert call(program, "") == (2, f"no environment was named: {LIST}")


@pytest.mark.parametrize("program", [*PROGRAMS, "cost"])
def test_two_environments_at_once_are_none(program: str) -> None:
    assert call(program, "prod dev") == (2, f"unknown environment 'prod dev': {LIST}")


# Nobody is asked for credentials until `destroy` knows that it is meant.
@pytest.mark.parametrize(
    "arguments", [["preflight"], ["deploy"], ["destroy", "--yes", "dev"], ["unstick"]]
)
def test_without_credentials_it_is_said_at_once_how_to_get_them(arguments: list[str]) -> None:
    program, *options = arguments
    assert call(program, "dev", *options) == (1, f"no AWS credentials were found: {SIGN_IN}")


@pytest.mark.parametrize("program", ["deploy", "unstick"])
def test_a_profile_that_is_not_there_is_named(program: str) -> None:
    code, said = call(program, "dev", AWS_PROFILE="nobodys")
    assert code == 1
    assert said == "The config profile (nobodys) could not be found"


def test_a_cdk_json_that_is_no_json_is_told_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cdk.json").write_text('{"context":\n  {"environments": {},}}', encoding="utf-8")
    monkeypatch.setattr(environment, "ROOT", tmp_path)

    with pytest.raises(ConfigError, match=r"^cdk\.json:2: no JSON: "):
        environment.read_config("prod")
