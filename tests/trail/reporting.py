"""A report as a test asks for it, of the stores or of a folder."""

from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from cli.trail import layout
from cli.trail.checkpoints import Trusted
from cli.trail.report import Asked, Head, Lines
from cli.trail.report_folder import report_folder
from cli.trail.report_live import report_stores
from pam.domain.free_text import commitment
from tests.fakes.log import Log
from tests.fakes.story import NOON, arn
from tests.trail.conftest import exported
from tests.trail.forging import a_whole_day

REASON = commitment("00" * 32, "why")
Told = tuple[Head, list[dict[str, Any]]]


def a_day_sealed() -> Log:
    """All that can become of a session, under checkpoints that began before."""
    log = Log()
    log.seal()
    a_whole_day(log)
    log.carry()
    log.refuse()
    log.seal()
    return log


@pytest.fixture(scope="module")
def day() -> Log:
    """Never changed."""
    return a_day_sealed()


@pytest.fixture(scope="module")
def folder(day: Log, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its export, while all of it was there."""
    return exported(day, tmp_path_factory.mktemp("report") / "export")


def of_stores(
    log: Any,
    trust: Trusted | None = None,
    *,
    since: datetime = NOON,
    until: datetime | None = None,
    **asked: str,
) -> Told:
    now = log.story.now
    with closing(Lines()) as lines:
        wanted = Asked(since=since, until=until or now, **asked)
        head = report_stores(log, wanted, trust or Trusted(), lines, now=now)
        return head, list(lines)


def of_folder(
    folder: Path,
    log: Log,
    trust: Trusted | None = None,
    *,
    since: datetime = NOON,
    until: datetime | None = None,
    **asked: str,
) -> Told:
    with closing(Lines()) as lines:
        wanted = Asked(since=since, until=until or log.story.now, **asked)
        head = report_folder(folder, wanted, trust or Trusted(), lines)
        return head, list(lines)


def record(kind: str = "Requested", who: str = "alice", **changes: Any) -> dict[str, Any]:
    """As much of one as a line is made of."""
    told = {
        "session_id": "S",
        "type": kind,
        "at": "2026-03-01T12:00:00.000Z",
        "actor": {"principal": arn(who), "kind": "person", "surface": "api"},
        "requester": arn("alice"),
        "resource": "core-ledger-admin",
        "environment": "prod",
        "domain": "bank-core",
        "reason": REASON,
        "ticket": "INC-1",
        "break_glass": False,
        "approvers": [],
        "detail": "",
    }
    return told | changes


def anchored(log: Log) -> Trusted:
    """All keys that an auditor can bring."""
    return Trusted(
        log_fingerprint=layout.fingerprint(log.public_key()),
        witness_key=log.witness.key.public_key(),
    )
