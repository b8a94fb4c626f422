"""The host in a thread of the test, beside a fake Slack and a fake route."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.slack.control import Shown, SlackControl
from slack_socket.building import build
from slack_socket.host import Host
from slack_socket.outcome import Outcome
from slack_socket.settings import Settings
from slack_socket.timing import Timing
from tests.local.slack.running import CARD, Running
from tests.slack_socket.faked_route import REGION, FakedRoute

QUICK = Timing(
    start_within=30,
    answer_within=20,
    old_lives=10,
    leave_within=10,
    goodbye_within=5,
    stagger=0.05,
    tick=0.02,
    settled=0.2,
    first_pause=0.05,
    longest_pause=0.4,
    crowded_pause=0.3,
)
"""Pauses are short, patience is long: what is about an end of patience shortens that one."""


class Hosted:
    def __init__(self, host: Host, slack: SlackControl) -> None:
        self.host, self._slack = host, slack
        self.outcome: Outcome | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self.outcome = self.host.run()

    def outcome_within(self, seconds: float) -> Outcome | None:
        self._thread.join(seconds)
        return self.outcome

    def wait_until_open(self, connections: int, *, seconds: float = 30) -> None:
        """Slack counts so many, and so many are greeted: not those that Slack has told to leave."""

        def are_open() -> bool:
            counted = self._slack.counts()["sockets"]["open"]
            staying = [it for it in self.host._connections() if not it.over.is_set()]
            greeted = [it for it in staying if it.greeted.is_set()]
            return bool(counted == connections == len(greeted))

        self._slack.wait_until(are_open, seconds=seconds)


def settings(
    running: Running, route: FakedRoute, *, connections: int = 2, health_file: Path | None = None
) -> Settings:
    return Settings(
        socket_url=route.url,
        slack_api_url=running.about["url"],
        app_token=running.about["app_token"],
        region=REGION,
        connections=connections,
        stagger=None,
        health_file=health_file,
    )


@contextmanager
def hosted(
    running: Running, route: FakedRoute, timing: Timing = QUICK, **options: Any
) -> Iterator[Hosted]:
    started = Hosted(build(settings(running, route, **options), timing), running.control)
    try:
        yield started
    finally:
        started.host.finish(Outcome.LEFT)
        running.control.knobs(no_pong=False)
        assert started.outcome_within(30) is not None
        gc.collect()


def post_card(running: Running) -> Shown:
    running.web.chat_postMessage(**CARD)
    return running.control.messages("core-approvals")[-1]
