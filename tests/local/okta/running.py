"""A fake Okta of the tests' own, listening, in a thread."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.okta.control import OktaControl
from local.okta.server import Server
from tests.local.serving import serving


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    about: dict[str, str]
    control: OktaControl
    server: Server


@contextmanager
def listening(
    record: Path | None = None, clock: Callable[[], float] = time.time
) -> Iterator[Running]:
    with serving(lambda: Server(record=record, clock=clock)) as server:
        about = server.about()
        control = OktaControl(about["control_url"], about["control_token"])
        yield Running(about=about, control=control, server=server)
