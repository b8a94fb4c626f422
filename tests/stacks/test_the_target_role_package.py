"""What another team installs to lend a role: `PamTargetRole`, and nothing by a name of others."""

import ast
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk.assertions import Template

from stacks.pam_target_role import PamTargetRole
from tests.wheels import installed_from

NAME = "mod046_pam_target_role"
SOURCES = ("distribution/target_role", "stacks", "lambdas/pam")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed_from(SOURCES, SOURCES[0], tmp_path_factory)


@pytest.fixture
def package(installed: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(installed)
    yield importlib.import_module(NAME)
    for name in [name for name in sys.modules if name.partition(".")[0] == NAME]:
        del sys.modules[name]


def template(role: type[PamTargetRole]) -> object:
    stack = Stack(App(), "Lending", env=Environment(account="222222222222", region="eu-west-1"))
    role(stack, "Ledger", role_name="team/ledger", env_name="prod", pam_account="111111111111")
    return Template.from_stack(stack).to_json()


def test_its_role_is_to_the_word_the_one_that_this_repository_makes(package: ModuleType) -> None:
    assert package.PamTargetRole is not PamTargetRole
    assert template(package.PamTargetRole) == template(PamTargetRole)


def test_it_has_one_package_at_the_top(installed: Path) -> None:
    assert {path.name for path in installed.iterdir() if path.suffix != ".dist-info"} == {NAME}


def test_it_asks_for_nothing_but_what_it_brings_and_the_construct_library(installed: Path) -> None:
    asked = set()
    for path in installed.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                asked |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                asked.add(str(node.module).partition(".")[0])
    assert asked - sys.stdlib_module_names == {NAME, "aws_cdk", "constructs"}
