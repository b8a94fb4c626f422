"""A cloud assembly is made anew whenever anything that it is made of has changed, and only then."""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local import assemblies, sources
from local.deploy import DeployError, environment_of
from local.state import ROOT

BEFORE = {
    "app.py": "import stacks",
    "cdk.json": "{}",
    "lambdas/pam/names.py": "NAME = 1",
    "local/identities.yaml": "identities: []",
    "local/targets_app.py": "import stacks",
    "node_modules/aws-cdk/package.json": '{"version": "2.0.0"}',
    "package-lock.json": "{}",
    "policy/grant.cedar": "permit (principal, action, resource);",
    "requirements/app.txt": "boto3==1.0.0\n",
    "requirements/lambda.txt": "boto3==1.0.0\n",
    "stacks/stage.py": "",
    "stacks/certificates/rds-roots.pem": "-----BEGIN CERTIFICATE-----",
}
NEW = {
    "cdk.context.json": '{"availability-zones": []}',
    "lambdas/pam/other.py": "",
    "policy/more.cedar": "",
    "stacks/other.py": "",
    "home/.cdk.json": '{"context": {"env": "prod"}}',
}
BESIDE = {
    "README.md": "",
    "tests/test_it.py": "",
    "stacks/__pycache__/stage.pyc": "",
    "lambdas/.mypy_cache/x.json": "",
    "local/demo.py": "",
}
TELLS_WHAT_IS_READ = """
import importlib, sys
import aws_cdk
read = set()
sys.addaudithook(lambda event, given: read.add(str(given[0])) if event == "open" else None)
aws_cdk.App.synth = lambda self: type("Assembly", (), {"stacks": ()})
for name in ("app", "local.targets_app"):
    importlib.import_module(name).main()
read |= {str(getattr(module, "__file__", "")) for module in list(sys.modules.values())}
print(*sorted(read), sep="\\n")
"""
"""Both apps up to the synthesis itself, which works with what they have told the CDK library."""
NOT_THE_PROJECTS = {".venv", ".pam", "node_modules"}


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    write(tmp_path, BEFORE | {"home/.bashrc": ""})
    return tmp_path


def digest(tree: Path) -> str:
    return sources.digest_of_sources(tree, tree / "home")


@pytest.mark.parametrize("name", BEFORE)
def test_the_digest_changes_with_each_file(tree: Path, name: str) -> None:
    before = digest(tree)
    text = (tree / name).read_text(encoding="utf-8")
    write(tree, {name: text.replace("1.0", "1.1").replace("2.0", "2.1") + "\n"})
    assert digest(tree) != before


@pytest.mark.parametrize("name", NEW)
def test_the_digest_changes_with_a_new_file(tree: Path, name: str) -> None:
    before = digest(tree)
    write(tree, {name: NEW[name]})
    assert digest(tree) != before


@pytest.mark.parametrize("named", ["mine/ca.pem", "mine", "../outside.pem", "{tree}/mine/ca.pem"])
def test_the_digest_changes_with_a_file_that_the_configuration_names(
    tmp_path: Path, named: str
) -> None:
    """A catalogue, people or certificates of another place than the usual one."""
    tree = tmp_path / "tree"
    write(tree, BEFORE | {"mine/ca.pem": "a", "../outside.pem": "a"})
    environments = {
        "local": {"database_ca": named.format(tree=tree)},
        "dev": {"witness": "x" * 9000},
    }
    write(tree, {"cdk.json": json.dumps({"context": {"environments": environments}})})
    before = digest(tree)
    assert digest(tree) == before
    write(tree, {"mine/ca.pem": "b", "../outside.pem": "b"})
    assert digest(tree) != before


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"context": []}', '{"context": {"environments": [1]}}']
)
def test_a_configuration_that_names_nothing_is_the_synthesis_to_refuse(
    tree: Path, text: str
) -> None:
    before = digest(tree)
    write(tree, {"cdk.json": text})
    assert digest(tree) != before


def test_the_digest_changes_with_a_file_that_is_gone_or_has_another_name(tree: Path) -> None:
    before = digest(tree)
    (tree / "policy" / "grant.cedar").rename(tree / "policy" / "grants.cedar")
    renamed = digest(tree)
    (tree / "policy" / "grants.cedar").unlink()
    assert len({before, renamed, digest(tree)}) == 3


@pytest.mark.parametrize("name", ["boto3", "python", "machine"])
def test_the_digest_changes_with_what_builds(
    tree: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = digest(tree)
    if name == "python":
        monkeypatch.setattr(sources.sys, "version", "3.99")
    elif name == "machine":
        monkeypatch.setattr(sources.platform, "machine", lambda: "vax")
    else:
        monkeypatch.setattr(sources.metadata, "version", lambda _: "0.1")
    assert digest(tree) != before


def test_the_digest_stays_with_what_is_beside(tree: Path) -> None:
    before = digest(tree)
    write(tree, BESIDE)
    assert digest(tree) == before


def test_every_file_of_the_project_that_the_apps_read_is_in_the_digest(tmp_path: Path) -> None:
    project = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    told = subprocess.run(
        [sys.executable, "-c", TELLS_WHAT_IS_READ],
        cwd=ROOT,
        env={
            **environment_of(os.environ),
            "CDK_CONTEXT_JSON": json.dumps(project | {"env": "local", "bundle": "skip"}),
            "CDK_OUTDIR": str(tmp_path),
        },
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    read = {Path(line) for line in told.splitlines() if (ROOT / line).is_file()}
    ours = {(ROOT / path).relative_to(ROOT) for path in read if (ROOT / path).is_relative_to(ROOT)}
    ours = {path for path in ours if path.parts[0] not in NOT_THE_PROJECTS}
    ours = {path for path in ours if not path.parts[0].endswith(".egg-info")}  # of a built wheel
    assert Path("local", "targets_app.py") in ours
    assert Path("policy", "catalogue.yaml") in ours
    covered = [Path(name) for name in sources.SOURCES]
    assert [str(it) for it in ours if not any(it.is_relative_to(each) for each in covered)] == []


def test_nothing_of_the_shell_reaches_the_apps_that_they_could_use() -> None:
    shell = {
        "PATH": "/bin",
        "HOME": "/home/kim",
        "HTTPS_PROXY": "http://proxy",
        "LC_ALL": "C",
        "AWS_PROFILE": "prod",
        "CDK_DEFAULT_ACCOUNT": "1",
        "PYTHONPATH": "/x",
        "PAM_ENV": "prod",
        "NODE_OPTIONS": "--require x",
        "JSII_DEBUG": "1",
        "ANYTHING": "else",
        "XPATH": "1",
    }
    given = environment_of(shell)
    assert given["HOME"] == "/home/kim"
    assert given["HTTPS_PROXY"] == "http://proxy"
    assert given == environment_of({**shell, "ANYTHING": "new", "AWS_PROFILE": "x", "PAM_ENV": "y"})
    assert not {"AWS_PROFILE", "CDK_DEFAULT_ACCOUNT", "PAM_ENV", "NODE_OPTIONS", "XPATH"} & set(
        given
    )
    assert "/x" not in given["PYTHONPATH"]


class Synthesis:
    """The CDK CLI, as far as the cache is concerned."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, kept_in: Path) -> None:
        self.made = 0
        self.kept_in = kept_in
        self.sources = "digest"
        self.meanwhile: Callable[[], object] = lambda: None
        monkeypatch.setattr(assemblies, "synthesise", self)
        monkeypatch.setattr(assemblies, "digest_of_sources", lambda: self.sources)

    def __call__(self, into: Path) -> None:
        self.made += 1
        write(into, {"app/manifest.json": self.sources, "targets/manifest.json": "{}"})
        self.meanwhile()

    def ask(self, digest: str = "") -> Path:
        return assemblies.assembly_of(digest or self.sources, self.kept_in)


@pytest.fixture
def synthesis(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Synthesis:
    return Synthesis(monkeypatch, tmp_path / "assemblies")


def test_what_has_not_changed_is_made_once(synthesis: Synthesis) -> None:
    assert synthesis.ask() == synthesis.ask()
    assert synthesis.made == 1


def test_what_has_changed_is_made_anew_and_found_again_when_it_is_changed_back(
    synthesis: Synthesis,
) -> None:
    first = synthesis.ask()
    synthesis.sources = "other"
    second = synthesis.ask()
    assert (second / "app" / "manifest.json").read_text(encoding="utf-8") == "other"
    synthesis.sources = "digest"
    assert synthesis.ask() == first
    assert synthesis.made == 2


def test_the_next_day_it_is_made_anew(
    synthesis: Synthesis, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Tomorrow(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz) + timedelta(days=1)

    synthesis.ask()
    monkeypatch.setattr(assemblies, "datetime", Tomorrow)
    synthesis.ask()
    assert synthesis.made == 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda it: (it / "app" / "manifest.json").write_text("{"),
        lambda it: (it / "app" / "manifest.json").unlink(),
        lambda it: (it / "app" / "more.json").touch(),
        lambda it: (it / "app" / "read.1.lock.json").touch(),
        lambda it: (it / "contents.json").write_text("{"),
        lambda it: (it / "contents.json").unlink(),
        lambda it: [shutil.rmtree(it), it.mkdir()],
        lambda it: [shutil.rmtree(it), it.touch()],
    ],
    ids=[
        "changed",
        "less",
        "more",
        "like a lock",
        "contents changed",
        "no contents",
        "empty",
        "a file",
    ],
)
def test_what_is_damaged_is_made_anew(
    synthesis: Synthesis, damage: Callable[[Path], object]
) -> None:
    damage(synthesis.ask())
    kept = synthesis.ask()
    assert (kept / "app" / "manifest.json").read_text(encoding="utf-8") == "digest"
    assert synthesis.made == 2


@pytest.mark.parametrize("lock", ["read.4711.1.lock", "read.4711.1.lock.4711_1"])
def test_an_assembly_that_somebody_deploys_from_is_whole(synthesis: Synthesis, lock: str) -> None:
    """The CDK CLI keeps a lock in the folder that it deploys from; if killed, for ever."""
    kept = synthesis.ask()
    (kept / "app" / lock).write_text("4711", encoding="utf-8")
    assert synthesis.ask() == kept
    assert synthesis.made == 1
    assert (kept / "app" / lock).exists()


def test_a_synthesis_that_fails_leaves_nothing_and_the_next_one_is_whole(
    synthesis: Synthesis,
) -> None:
    def fail() -> None:
        raise DeployError

    synthesis.meanwhile = fail
    with pytest.raises(DeployError):
        synthesis.ask()
    assert [it for it in synthesis.kept_in.iterdir() if it.is_dir()] == []
    synthesis.meanwhile = lambda: None
    assert (synthesis.ask() / "targets").is_dir()


def test_sources_that_change_meanwhile_are_not_kept(synthesis: Synthesis) -> None:
    def change() -> None:
        synthesis.sources = "other"

    synthesis.meanwhile = change
    with pytest.raises(DeployError, match="changed"):
        synthesis.ask("digest")
    assert [it for it in synthesis.kept_in.iterdir() if it.is_dir()] == []


def test_of_two_who_ask_at_once_one_makes_it_and_both_have_it(synthesis: Synthesis) -> None:
    asked = threading.Barrier(2)

    def ask(_: int) -> Path:
        asked.wait(10)
        return synthesis.ask()

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(ask, range(2))
    assert first == second
    assert synthesis.made == 1


def test_old_ones_go_but_none_that_somebody_may_be_deploying_from(synthesis: Synthesis) -> None:
    kept = []
    for number in range(5):
        synthesis.sources = f"digest{number}"
        kept.append(synthesis.ask())
    assert all(each.exists() for each in kept)
    for age, each in enumerate(kept):
        os.utime(each, (age, age))
    (synthesis.kept_in / ".synth-of-one-that-was-killed").mkdir()
    os.utime(synthesis.kept_in / ".synth-of-one-that-was-killed", (1, 1))
    synthesis.sources = "digest5"
    newest = synthesis.ask()
    left = {each.name for each in synthesis.kept_in.iterdir() if each.is_dir()}
    assert left == {each.name for each in (kept[3], kept[4], newest)}
