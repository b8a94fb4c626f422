from pathlib import Path

import pytest

from cli.trail.check import Trusted
from cli.trail.export import Wanted, export_trail
from tests.fakes.log import Log, a_log
from tests.fakes.story import NOON


def exported(log: Log, folder: Path, *, session_id: str = "") -> Path:
    wanted = Wanted(since=NOON, until=log.story.now, session_id=session_id)
    export_trail(log, wanted, folder, now=log.story.now)
    return folder


def trusted(log: Log) -> Trusted:
    return Trusted(witness_key=log.witness.key.public_key())


@pytest.fixture(scope="session")
def large() -> Log:
    """More than a thousand records of fifty sessions."""
    return a_log(50, 21)


@pytest.fixture(scope="session")
def trail_of_large(large: Log, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(large, tmp_path_factory.mktemp("trail") / "export")
