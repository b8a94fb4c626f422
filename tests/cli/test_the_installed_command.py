"""What an installation of the command brings along: one package, of a name of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from cli.problems import ExitCode
from tests.cli.fake_api import FakeApi, Pam
from tests.fakes.log import a_log
from tests.trail.conftest import exported
from tests.wheels import installed_from

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCES = ("pyproject.toml", "setup.py", "distribution", "cli", "lambdas/pam")
RUN = """
import sys
sys.path[:0] = {paths!r}
sys.argv = ["pam", "--help"]
import cli, pam
assert (cli.WHOSE, pam.WHOSE) == ("theirs", "theirs")
del sys.modules["cli"], sys.modules["pam"]
from mod046_pam import main
try:
    main()
finally:
    print("ran", sys.modules["cli"].__file__, sys.modules["pam"].__path__[0])
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed_from(SOURCES, ".", tmp_path_factory)


def test_it_has_one_package_at_the_top(installed: Path) -> None:
    there = {path.name for path in installed.iterdir() if path.suffix != ".dist-info"}
    assert there == {"mod046_pam"}


@pytest.mark.parametrize("name", ["cli", "lambdas/pam"])
def test_it_has_every_module_of_the_command(installed: Path, name: str) -> None:
    def modules(folder: Path) -> set[str]:
        return {path.relative_to(folder).as_posix() for path in folder.rglob("*.py")}

    part = installed / "mod046_pam" / "parts" / Path(name).name
    assert modules(part) == modules(ROOT / name)


def test_it_runs_beside_packages_of_others_that_have_its_short_names(
    installed: Path, tmp_path: Path
) -> None:
    for name in ("cli", "pam"):
        (tmp_path / f"{name}.py").write_text('WHOSE = "theirs"\n', encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-c", RUN.format(paths=[str(tmp_path), str(installed)])],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert run.returncode == 0, run.stderr
    ran = run.stdout.splitlines()[-1]
    assert ran.count(str(installed / "mod046_pam" / "parts")) == 2
    assert "request" in run.stdout


# Pydantic belongs to the extra, too; Typer brings one as well.
EXTRA = ("cedarpy", "cryptography", "yaml")


@pytest.fixture
def trail(tmp_path: Path) -> str:
    return str(exported(a_log(1, 2), tmp_path / "trail"))


@pytest.fixture
def without_the_extra(trail: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in EXTRA:
        # As Python has it: such an entry is a module that cannot be found.
        monkeypatch.setitem(sys.modules, name, None)
    for name in list(sys.modules):
        if name.startswith(("pam.policy.", "pam.signatures", *(f"{each}." for each in EXTRA))):
            monkeypatch.delitem(sys.modules, name)


@pytest.mark.usefixtures("without_the_extra")
@pytest.mark.parametrize("command", ["policy", "audit"])
def test_what_needs_the_extra_says_how_to_get_it(pam: Pam, trail: str, command: str) -> None:
    words = {
        "policy": ("policy", "check", "--policy-dir", str(ROOT / "policy")),
        "audit": ("audit", "verify", trail),
    }[command]
    answer = pam(*words)
    assert answer.exit_code == ExitCode.FAILED
    assert "comes with the extra `policy`" in answer.stderr
    assert "uv tool install 'mod046-pam[policy]'" in answer.stderr
    assert "PROVEN" not in answer.stdout


@pytest.mark.usefixtures("without_the_extra")
def test_everything_else_is_there_without_it(pam: Pam, fake: FakeApi) -> None:
    fake.on("GET /pam/sessions", {"items": [], "cursor": None})
    answer = pam("list")
    assert answer.exit_code == ExitCode.DONE, answer.stderr
    assert pam("audit", "export", "--help").exit_code == ExitCode.DONE
