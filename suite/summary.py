"""What a person reads first, so it is printed last."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from pathlib import Path

from suite.parts import CPU_SECONDS
from suite.run import Ended

_SLOWEST = 20
_LAST_LINES = 20
_FAILED = re.compile(r"(FAILED|ERROR|XPASS) ")
"""How a line of pytest's own summary begins that tells of a failure."""


def print_slowest(reports: Path) -> None:
    """The slowest tests of all reports in the folder, with what was set up for them."""
    found = sorted(durations(reports), reverse=True)[:_SLOWEST]
    if found:
        print(f"\n######## the slowest {len(found)} tests")
    for seconds, name in found:
        print(f"{seconds:7.1f} s  {name}")


def durations(reports: Path) -> Iterator[tuple[float, str]]:
    """Seconds and name of each test; a report that was cut short has none."""
    for path in sorted(reports.glob("*.xml")):
        try:
            cases = ET.parse(path).iter("testcase")  # noqa: S314 - pytest wrote it just now
        except ET.ParseError:
            continue
        for case in cases:
            name = f"{case.get('classname', '')}::{case.get('name', '')}"
            yield float(case.get("time", 0)), name


def print_summary(ended: Iterable[Ended]) -> None:
    """For each part its verdict and its last line; what failed comes last."""
    failed = [part for part in ended if part.code]
    for part in failed:
        print(f"\n######## {part.name} FAILED, see {part.log}")
        for line in telling_lines(part.log.read_text(encoding="utf-8", errors="replace")):
            print(line)
    print("\n######## all parts")
    for part in ended:
        lines = part.log.read_text(encoding="utf-8", errors="replace").split("\n")
        last = next((line for line in reversed(lines) if line.strip()), "").strip("= ")
        verdict = "FAILED" if part.code else "passed"
        print(f"{part.name:6} {verdict} {part.seconds:6.0f} s  {_cpu(part)}  {last}")
    names = ", ".join(part.name for part in failed)
    print(f"FAILED: {names}" if failed else "everything holds")


def _cpu(part: Ended) -> str:
    """Beside what is on record: a machine that does other things as well is slow, but counts the
    same. Told, and not held against anybody: another machine counts otherwise.
    """
    known = CPU_SECONDS.get(part.name)
    beside = f" ({part.cpu_seconds / known - 1:+.0%})" if known else ""
    return f"{part.cpu_seconds:5.0f} s of processor{beside}"


def telling_lines(log: str) -> list[str]:
    """The tests that failed, by pytest's own summary; of any other log how it ends."""
    lines = log.rstrip().split("\n")
    return [line for line in lines if _FAILED.match(line)] or lines[-_LAST_LINES:]
