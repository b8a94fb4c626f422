"""Help in groups, with whole sentences and examples that are commands of `pam`."""

import json
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from cli.examples import EXAMPLES
from cli.main import app
from cli.root import Root
from cli.version import version

ROOT: Any = typer.main.get_command(app)


def _help(*words: str) -> str:
    result = CliRunner().invoke(app, [*words, "--help"], prog_name="pam")
    assert result.exit_code == 0
    return result.stdout


def _commands(command: Any, *path: str) -> Iterator[tuple[str, ...]]:
    below = getattr(command, "commands", None)
    if below is None:
        yield path
        return
    for name, each in below.items():
        yield from _commands(each, *path, name)


EVERY = list(_commands(ROOT))


def test_the_root_shows_each_command_in_a_group_with_its_whole_sentence() -> None:
    shown = _help()
    for heading, names in Root.sections.items():
        part = shown.split(f"{heading}:\n")[1].split("\n\n")[0]
        assert {name for name in names if name in ROOT.commands} <= set(part.split())
    folded = " ".join(shown.split())
    for name, each in ROOT.commands.items():
        sentence = " ".join(each.get_short_help_str(1000).split())
        assert f"{name} {sentence}" in folded
    assert "..." not in folded.replace("[ARGS]...", "")


@pytest.mark.parametrize("path", EVERY, ids=" ".join)
def test_what_a_list_says_of_a_command_is_the_first_sentence_of_its_own_help(
    path: tuple[str, ...],
) -> None:
    group = ROOT
    for name in path[:-1]:
        group = group.commands[name]
    for name in path[-1:]:
        assert group.commands.about()[name] == group.commands[name].get_short_help_str(1000)


@pytest.mark.parametrize("path", EVERY, ids=" ".join)
def test_no_help_shows_what_only_typer_understands(path: tuple[str, ...]) -> None:
    shown = _help(*path)
    for riddle in ("{", "<str>", "<int", "<path>", "<bool>"):
        assert riddle not in shown
    assert all(len(line) <= 80 or "pam " in line for line in shown.splitlines())


@pytest.mark.parametrize("path", EXAMPLES)
def test_an_example_is_a_command_with_options_that_it_has(path: str) -> None:
    shown = _help(*path.split())
    assert "Examples:" in shown
    command = ROOT
    for name in path.split():
        command = command.commands[name]
    options = {name for each in command.params for name in each.opts}
    for example in EXAMPLES[path]:
        assert example in shown
        words = shlex.split(example.removeprefix('eval "$(').removesuffix(')"'))
        assert words[: len(path.split()) + 1] == ["pam", *path.split()]
        own = words[: words.index("--")] if "--" in words else words
        assert {word for word in own if word.startswith("-")} <= options


def test_version_is_the_packages_and_needs_nothing_else() -> None:
    plain = CliRunner().invoke(app, ["--version"], prog_name="pam")
    assert (plain.exit_code, plain.stdout) == (0, f"pam {version()}\n")
    as_json = CliRunner().invoke(app, ["--version", "--json"], prog_name="pam")
    assert json.loads(as_json.stdout) == {"version": version()}
    assert version().split(".")[0].isdecimal()
