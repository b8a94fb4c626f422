"""How the parts of the test run are run: all of them, side by side, and what failed stands last."""

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from suite import parts, summary
from suite.parts import Part
from suite.run import Ended, run_side_by_side
from suite.summary import durations, print_slowest, print_summary, telling_lines

ROOT = Path(__file__).resolve().parent.parent.parent
LONG = 60.0


def part(name: str, *programs: str, lane: str = "") -> Part:
    commands = tuple((sys.executable, "-c", program) for program in programs)
    return Part(name=name, lane=lane or name, commands=commands)


def run(logs: Path, *some: Part, at_most: float = LONG) -> dict[str, Ended]:
    return {ended.name: ended for ended in asyncio.run(run_side_by_side(some, logs, at_most))}


MEET = """
import pathlib, sys, time
pathlib.Path({mine!r}).touch()
deadline = time.monotonic() + 30
while not pathlib.Path({others!r}).exists():
    if time.monotonic() > deadline:
        sys.exit(3)
    time.sleep(0.01)
"""


def test_lanes_run_side_by_side(tmp_path: Path) -> None:
    left, right = str(tmp_path / "left"), str(tmp_path / "right")
    met = run(
        tmp_path,
        part("one", MEET.format(mine=left, others=right)),
        part("other", MEET.format(mine=right, others=left)),
    )
    assert {ended.code for ended in met.values()} == {0}


def test_parts_of_a_lane_run_in_order_and_one_that_fails_does_not_hide_the_next(
    tmp_path: Path,
) -> None:
    mark = tmp_path / "mark"
    ended = run(
        tmp_path,
        part("first", f"open({str(mark)!r}, 'x'); raise SystemExit(7)", lane="lane"),
        part("second", f"open({str(mark)!r}).close()", lane="lane"),
    )
    assert [ended["first"].code, ended["second"].code] == [7, 0]


@pytest.mark.parametrize("ends", ["pass", "raise SystemExit(7)"])
def test_a_part_begins_when_the_one_is_over_that_it_waits_for(tmp_path: Path, ends: str) -> None:
    mark = str(tmp_path / "mark")
    slow = f"import time; time.sleep(0.5); open({mark!r}, 'x').close(); {ends}"
    waits = replace(part("waits", f"open({mark!r}).close()"), after="slow")
    assert run(tmp_path, waits, part("slow", slow))["waits"].code == 0
    assert run(tmp_path, waits)["waits"].code == 0, "what does not run is not waited for"


def test_whatever_part_is_waited_for_is_there_and_in_another_lane() -> None:
    lanes = {it.name: it.lane for it in parts.ALL}
    waiting = [it for it in parts.ALL if it.after]
    assert waiting
    for it in waiting:
        assert lanes[it.after] != it.lane


def test_a_part_stops_at_its_first_command_that_fails(tmp_path: Path) -> None:
    ended = run(tmp_path, part("it", "print('begun')", "raise SystemExit(2)", "print('never')"))
    assert ended["it"].code == 2
    assert ended["it"].log.read_text() == "begun\n"


WRITES_LINE_BY_LINE = "for n in range(300): print('{name}', n, flush=True)"


def test_what_parts_write_is_shown_in_one_piece_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("left", "right")
    run(tmp_path, *(part(name, WRITES_LINE_BY_LINE.format(name=name)) for name in names))
    shown = capsys.readouterr().out
    for name in names:
        assert "".join(f"{name} {n}\n" for n in range(300)) in shown


def test_what_hangs_is_ended_in_time_and_has_failed(tmp_path: Path) -> None:
    ended = run(
        tmp_path,
        part("hangs", "import time; print('here', flush=True); time.sleep(3600)"),
        part("quick", "print('done')"),
        at_most=10.0,
    )
    assert (ended["hangs"].code, ended["quick"].code) == (124, 0)
    assert "here" in ended["hangs"].log.read_text()


WORKS = "import time\nwhile time.process_time() < 0.3: pass"
HAS_IT_DONE = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {WORKS!r}])"


def test_a_part_is_told_the_processor_time_of_all_its_processes(tmp_path: Path) -> None:
    ended = run(tmp_path, part("works", WORKS, HAS_IT_DONE), part("idles", "pass"))
    assert ended["works"].cpu_seconds >= 2 * 0.3
    assert 0 < ended["idles"].cpu_seconds < ended["works"].cpu_seconds


@pytest.mark.parametrize(("took", "said"), [(100.0, "(+0%)"), (150.0, "(+50%)"), (90.0, "(-10%)")])
def test_the_summary_shows_processor_time_beside_what_is_on_record(
    tmp_path: Path,
    took: float,
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "log").touch()
    monkeypatch.setattr(summary, "CPU_SECONDS", {"unit": 100.0})
    it = Ended(name="unit", code=0, seconds=1.0, cpu_seconds=took, log=tmp_path / "log")
    print_summary([it, replace(it, name="unknown")])
    lines = {
        line.split()[0]: line for line in capsys.readouterr().out.split("\n") if "passed" in line
    }
    assert f"{took:.0f} s of processor {said}" in lines["unit"]
    assert "%" not in lines["unknown"]


def test_what_is_on_record_is_of_parts_that_there_are() -> None:
    assert parts.CPU_SECONDS.keys() <= {it.name for it in parts.ALL}


TOLD_TO_END = """
import asyncio, sys
from pathlib import Path
from suite.parts import Part
from suite.run import run_side_by_side
sleeps = (sys.executable, "-c", "import time; print('here', flush=True); time.sleep(3600)")
part = Part(name="sleeps", lane="", commands=(sleeps,))
asyncio.run(run_side_by_side([part], Path(sys.argv[1]), 3600))
"""


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_when_it_is_told_to_end_so_are_the_parts(tmp_path: Path, told: signal.Signals) -> None:
    program = (sys.executable, "-c", TOLD_TO_END, str(tmp_path))
    runner = subprocess.Popen(
        program, cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    log = tmp_path / "sleeps.log"
    assert runner.stdout is not None
    assert runner.stdout.readline() == "sleeps: begun\n"
    while runner.poll() is None and not (log.exists() and log.read_text()):
        pass
    children = psutil.Process(runner.pid).children()
    assert children
    os.kill(runner.pid, told)
    runner.wait(LONG)
    runner.stdout.close()
    assert runner.returncode != 0
    assert not psutil.wait_procs(children, timeout=LONG)[1]


def test_the_summary_names_what_failed_with_its_telling_lines_and_the_verdict_comes_last(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad, good = tmp_path / "bad.log", tmp_path / "good.log"
    bad.write_text("noise\nFAILED tests/test_x.py::test_y - boom\n=== 1 failed in 2.0s ===\n")
    good.write_text("=== 3 passed in 1.0s ===\n")
    print_summary(
        [
            Ended(name="good", code=0, seconds=1.0, cpu_seconds=0.5, log=good),
            Ended(name="bad", code=1, seconds=2.0, cpu_seconds=1.5, log=bad),
        ]
    )
    lines = capsys.readouterr().out.rstrip().split("\n")
    assert lines[-1] == "FAILED: bad"
    assert "FAILED tests/test_x.py::test_y - boom" in lines
    assert any("good" in line and "passed" in line and "3 passed in 1.0s" in line for line in lines)
    assert any("bad" in line and "1 failed in 2.0s" in line for line in lines)
    assert "noise" not in lines


def test_of_a_log_without_tests_the_summary_shows_the_end() -> None:
    assert telling_lines("\n".join(map(str, range(100)))) == [str(n) for n in range(80, 100)]


def test_the_slowest_of_all_reports_are_listed_longest_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, seconds in (("unit", (1.5, 40)), ("e2e", (30, 0.5))):
        cases = "".join(f'<testcase classname="{name}" name="t" time="{s}"/>' for s in seconds)
        (tmp_path / f"{name}.xml").write_text(f"<testsuites>{cases}</testsuites>")
    (tmp_path / "cut.xml").write_text("<testsuites><testca")
    print_slowest(tmp_path)
    listed = [line.split()[0] for line in capsys.readouterr().out.split("\n") if " s  " in line]
    assert listed == ["40.0", "30.0", "1.5", "0.5"]


def test_a_report_is_written_by_each_pytest_and_by_nothing_else(tmp_path: Path) -> None:
    asked = [
        command
        for it in parts.ALL
        for command in it.with_reports(tmp_path)
        if any("--junit-xml" in word for word in command)
    ]
    assert len(asked) == len({command[-1] for command in asked}) == 2
    assert all("pytest" in command for command in asked)
    (tmp_path / "test_it.py").write_text("def test_it(): pass\n")
    program = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir=.")
    one = Part(name="one", lane="", commands=((*program, str(tmp_path / "test_it.py")),))
    subprocess.run(one.with_reports(tmp_path)[0], check=True, cwd=tmp_path, capture_output=True)
    assert [name for _, name in durations(tmp_path)] == ["test_it::test_it"]


def test_together_the_parts_run_every_test() -> None:
    """One those of a folder, the other all but those: what is in neither would never be run."""
    chosen = [
        command[command.index("--no-loadscope-reorder") + 1 :]
        for it in parts.ALL
        for command in it.commands
        if "pytest" in command
    ]
    assert sorted(chosen) == [("--ignore", "tests/e2e"), ("tests/e2e",)]
    assert (ROOT / "tests" / "e2e").is_dir()


@pytest.mark.parametrize("arguments", [["no-such-part"], ["unit", "typo"]])
def test_a_part_that_there_is_not_is_refused(arguments: list[str]) -> None:
    asked = subprocess.run(
        [sys.executable, "-m", "suite", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == 2
    assert "no such part" in asked.stderr
