"""A stack that ends with its command is that command's alone: another neither uses nor stops it."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from local import demo, process_groups, stack, supervisor
from local.bench import place
from local.bench.place import Place
from local.cost import count
from local.stack import StackError
from local.state import State, write_private

OTHERS = SimpleNamespace(pid=4711)


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Stacks that were stopped, while somebody else's runs in every folder."""
    found: list[object] = []
    monkeypatch.setattr(supervisor, "running", lambda _: OTHERS)
    for owner, name in (
        (stack, "_stop"),
        (demo, "down"),
        (count, "down"),
        (place, "down"),
    ):
        monkeypatch.setattr(owner, name, found.append)
    monkeypatch.setattr(count, "is_current", lambda _: False)
    return found


def shows(folder: Path) -> None:
    assert demo.demo(folder) == 1
    raise StackError


def counts(folder: Path) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PAM_STATE_DIR", str(folder))
        count.count(lambda _: None)


def measures(folder: Path) -> None:
    with Place(folder, lambda _: None) as measured:
        assert measured.cast


@pytest.mark.parametrize("command", [shows, counts, measures])
def test_a_stack_of_another_command_is_neither_used_nor_stopped(
    tmp_path: Path, stopped: list[object], command: Callable[[Path], None]
) -> None:
    with pytest.raises(StackError):
        command(tmp_path)
    assert stopped == []


def test_the_one_who_comes_second_is_told_what_to_do(
    tmp_path: Path, stopped: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    assert demo.demo(tmp_path) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert f"another command has a stack in {tmp_path}: try again when it is over" in said
    assert stopped == []


def test_a_stack_of_ones_own_is_found_again(
    tmp_path: Path, stopped: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And one that was left running is everybody's, to whoever leaves it running."""
    monkeypatch.setattr(stack, "_bring_up", lambda *_, **__: {"env": "local"})
    assert stack.up(tmp_path, tell=lambda _: None, hand_over=True) == {"env": "local"}
    monkeypatch.setitem(process_groups._started, OTHERS.pid, None)
    assert stack.up(tmp_path, tell=lambda _: None, hand_over=False) == {"env": "local"}
    assert len(stopped) == 2, "what is not current is started anew"


@pytest.mark.parametrize("ends", [KeyboardInterrupt, StackError])
def test_a_start_that_is_cut_short_leaves_nothing_that_says_it_is_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ends: type[BaseException]
) -> None:
    state = State(tmp_path)
    told = (state.about, state.aws_config, state.aws_credentials)

    def bring_up(*_: object, **__: object) -> None:
        for path in told:
            write_private(path, "{}")
        raise ends

    monkeypatch.setattr(stack, "_bring_up", bring_up)
    with pytest.raises(ends):
        stack.up(tmp_path, tell=lambda _: None)
    assert [path for path in told if path.exists()] == []
