"""Connections to Slack: refreshed, reset, frozen, refused. What was acknowledged is not lost."""

import json
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest

from local.slack.wire import WebSocket
from slack_socket.outcome import Outcome
from tests.figures import teller
from tests.local.slack.running import PATIENCE, Running
from tests.slack_socket.faked_route import FakedRoute
from tests.slack_socket.hosting import QUICK, hosted, post_card

pytestmark = pytest.mark.enable_socket

WATCHFUL = replace(QUICK, ping_interval=1)
"""Two seconds without an answer are silence."""


def works(running: Running) -> bool:
    return running.control.person("alice").command("status").acknowledged


def test_an_envelope_behind_disconnect_is_brought_and_acknowledged(
    running: Running, route: FakedRoute
) -> None:
    """With a single connection, too: it is read on until Slack closes it."""
    with hosted(running, route, connections=1) as host:
        host.wait_until_open(1)
        card, bob = post_card(running), running.control.person("bob")
        for number in range(3):
            running.control.knobs(behind_disconnect=1)
            assert bob.click(card, "pam.approve").acknowledged, number
            host.wait_until_open(1)
        assert len(route.calls) == 3


def test_an_envelope_right_before_slack_closes_is_acknowledged_on_the_next_connection(
    running: Running, route: FakedRoute
) -> None:
    running.control.knobs(closes_after=0.05)
    with hosted(running, route, connections=1) as host:
        host.wait_until_open(1)
        opened = running.control.counts()["sockets"]["opened"]

        def when_the_next_is_open(_call: object) -> bytes:
            running.control.wait_until(
                lambda: running.control.counts()["sockets"]["opened"] > opened
            )
            host.wait_until_open(1)
            return b"{}"

        route.answer = when_the_next_is_open
        running.control.knobs(behind_disconnect=1)
        assert works(running)


def test_an_answer_between_two_connections_waits_for_the_next(
    running: Running, route: FakedRoute
) -> None:
    """Slack refuses to open one for a while."""
    running.control.knobs(closes_after=0.05)
    with hosted(running, route, connections=1) as host:
        host.wait_until_open(1)

        def none_is_open() -> bool:
            counted = running.control.counts()["sockets"]["open"]
            return counted == len(host.host._connections()) == 0

        def when_none_is_open(_call: object) -> bytes:
            running.control.wait_until(none_is_open)
            threading.Timer(0.2, lambda: running.control.knobs(connections_open_fails=0)).start()
            return b"{}"

        route.answer = when_none_is_open
        running.control.knobs(behind_disconnect=1, connections_open_fails=1000)
        assert works(running)


def test_a_hundred_clicks_while_slack_refreshes_every_second(
    running: Running, route: FakedRoute, record_property: Callable[[str, object], None]
) -> None:
    running.control.knobs(refresh_every=1, answer_within=5)
    route.takes = 0.02
    card, bob = post_card(running), running.control.person("bob")
    with hosted(running, route, replace(QUICK, stagger=0.4, answer_within=4)) as host:
        host.wait_until_open(2)
        opened = running.control.counts()["sockets"]["opened"]
        acknowledged = lost = 0
        for _ in range(100):
            before = times(route)
            if bob.click(card, "pam.approve").acknowledged:
                acknowledged += 1
                # Each click has a time of its own, so that none hides behind another.
                lost += times(route) == before
        refreshed = running.control.counts()["sockets"]["opened"] - opened
    assert lost == 0
    assert acknowledged <= len(times(route))
    assert refreshed >= 4
    assert acknowledged >= 95
    teller(record_property)(
        f"100 clicks during {refreshed} refreshes: {acknowledged} acknowledged, {lost} of them "
        f"lost, {100 - acknowledged} not acknowledged and the person told"
    )


def times(route: FakedRoute) -> set[str]:
    return {it["payload"]["actions"][0]["action_ts"] for it in route.calls}


def test_what_pam_refused_in_a_refresh_was_not_acknowledged(
    running: Running, route: FakedRoute
) -> None:
    """An acknowledgement stands for an answer of PAM, click by click."""
    running.control.knobs(refresh_every=0.4)
    card, bob = post_card(running), running.control.person("bob")
    with hosted(running, route) as host:
        host.wait_until_open(2)
        for number in range(12):
            route.failures = number % 2
            running.control.knobs(answer_within=0.5 if route.failures else PATIENCE)
            before = len(route.calls)
            seen = bob.click(card, "pam.approve")
            assert seen.acknowledged == (len(route.calls) > before), number


def test_after_a_reset_and_three_failures_to_open_it_receives_again(
    running: Running, route: FakedRoute
) -> None:
    with hosted(running, route) as host:
        host.wait_until_open(2)
        running.control.knobs(connections_open_fails=3)
        assert running.control.call("cut")["connections"] == 2
        host.wait_until_open(2)
        assert works(running)
        assert host.outcome is None


def test_a_peer_that_falls_silent_ends_the_process(running: Running, route: FakedRoute) -> None:
    with hosted(running, route, WATCHFUL) as host:
        host.wait_until_open(2)
        running.control.knobs(no_pong=True)
        assert host.outcome_within(30) is Outcome.UNHEALTHY


def test_a_peer_that_is_silent_from_the_beginning_ends_the_process_as_soon(
    running: Running, route: FakedRoute
) -> None:
    running.control.knobs(no_pong=True)
    with hosted(running, route, replace(WATCHFUL, start_within=600)) as host:
        assert host.outcome_within(30) is Outcome.UNHEALTHY


def test_one_silent_connection_of_two_is_enough(running: Running, route: FakedRoute) -> None:
    with hosted(running, route, WATCHFUL) as host:
        host.wait_until_open(2)
        frozen = host.host._connections()[0]._connection
        frozen.ping = lambda payload="": None  # type: ignore[method-assign]
        assert host.outcome_within(30) is Outcome.UNHEALTHY


@pytest.mark.parametrize("begun", [True, False])
def test_while_slack_is_down_the_process_ends_within_its_bound(
    running: Running, route: FakedRoute, *, begun: bool
) -> None:
    if not begun:
        running.control.knobs(down=True)
    timing = replace(WATCHFUL, start_within=10 if begun else 1.5)
    with hosted(running, route, timing) as host:
        if begun:
            host.wait_until_open(2)
        running.control.knobs(down=True)
        assert host.outcome_within(30) is Outcome.UNHEALTHY
        running.control.knobs(down=False)


@pytest.mark.parametrize(
    "fails", ["internal_error", "fatal_error", "something_that_slack_says_next_year"]
)
def test_what_may_pass_is_tried_again_at_first(
    running: Running, route: FakedRoute, fails: str
) -> None:
    running.control.knobs(connections_open_fails=4, connections_open_error=fails)
    with hosted(running, route) as host:
        host.wait_until_open(2)
        assert works(running)


def test_no_name_server_for_a_while_and_it_receives_again(
    running: Running, route: FakedRoute, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve, failed = socket.getaddrinfo, threading.Semaphore(4)

    def failing(*asked: object, **more: object) -> object:
        if threading.current_thread().name.startswith("Thread") and failed.acquire(blocking=False):
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return resolve(*asked, **more)  # type: ignore[arg-type]

    with hosted(running, route) as host:
        host.wait_until_open(2)
        monkeypatch.setattr(socket, "getaddrinfo", failing)
        running.control.call("cut")
        host.wait_until_open(2)
        assert not failed.acquire(blocking=False)
        assert works(running)


def test_no_name_server_at_all_ends_the_process(
    running: Running, route: FakedRoute, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    with monkeypatch.context() as broken:
        broken.setattr(socket, "getaddrinfo", failing)
        with hosted(running, route, replace(QUICK, start_within=1)) as host:
            assert host.outcome_within(30) is Outcome.UNHEALTHY
            # The test's own calls need one.
            broken.undo()


def test_slack_says_wait_and_it_waits(running: Running, route: FakedRoute) -> None:
    running.control.knobs(limited_times={"apps.connections.open": 1}, retry_after=1)
    began = time.monotonic()
    with hosted(running, route, connections=1) as host:
        host.wait_until_open(1)
        assert time.monotonic() - began >= 1
        assert works(running)


def test_slack_says_wait_for_longer_than_anybody_would_and_the_process_ends(
    running: Running, route: FakedRoute
) -> None:
    running.control.knobs(limited_times={"apps.connections.open": 9}, retry_after=3600)
    with hosted(running, route, replace(QUICK, start_within=1)) as host:
        assert host.outcome_within(30) is Outcome.UNHEALTHY


def test_where_there_are_too_many_connections_it_stands_back_and_comes_in_later(
    running: Running, route: FakedRoute, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[float] = []
    tell = running.server._sockets._tell

    def telling(websocket: WebSocket, reason: str, **more: int) -> None:
        refused.append(time.monotonic())
        tell(websocket, reason, **more)

    monkeypatch.setattr(running.server._sockets, "_tell", telling)
    running.control.knobs(max_connections=0)
    with hosted(running, route, connections=1) as host:
        running.control.wait_until(lambda: len(refused) >= 3)
        for one, next_one in pairwise(refused):
            assert next_one - one >= QUICK.crowded_pause / 2
        running.control.knobs(max_connections=10)
        host.wait_until_open(1)
        assert works(running)


def test_a_place_that_is_taken_while_it_refreshes_costs_no_click(
    running: Running, route: FakedRoute
) -> None:
    """The old connection is read until it is closed; the other one goes on."""
    with hosted(running, route) as host:
        host.wait_until_open(2)
        first = host.host._connections()[0]
        running.control.knobs(max_connections=1)
        first.leave("refresh_requested")
        running.control.wait_until(lambda: running.control.counts()["sockets"]["refused"])
        assert works(running)
        running.control.knobs(max_connections=10)
        running.control.wait_until(
            lambda: sum(not it.over.is_set() for it in host.host._connections()) == 2
        )
        assert works(running)


@pytest.mark.parametrize("connections", [1, 2])
def test_switched_off_it_stops_and_does_not_come_back(
    running: Running,
    route: FakedRoute,
    capsys: pytest.CaptureFixture[str],
    connections: int,
) -> None:
    with hosted(running, route, connections=connections) as host:
        host.wait_until_open(connections)
        running.control.call("disconnect", reason="link_disabled")
        assert host.outcome_within(30) is Outcome.NEEDS_A_PERSON
        assert running.control.counts()["sockets"]["opened"] == connections
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"needs a person"} == {it["message"] for it in said if it.get("why") == "link_disabled"}


@pytest.mark.parametrize("error", ["invalid_auth", "not_allowed_token_type", "account_inactive"])
def test_a_token_that_is_not_accepted_needs_a_person(
    running: Running, route: FakedRoute, error: str
) -> None:
    running.control.knobs(connections_open_fails=99, connections_open_error=error)
    with hosted(running, route) as host:
        assert host.outcome_within(30) is Outcome.NEEDS_A_PERSON


def test_a_connection_that_slack_closes_without_a_word_is_replaced(
    running: Running, route: FakedRoute
) -> None:
    with hosted(running, route, connections=1) as host:
        host.wait_until_open(1)
        (connection,) = running.server._sockets._connections
        loop = connection.websocket._writer._loop  # type: ignore[attr-defined]
        loop.call_soon_threadsafe(connection.websocket.close)
        running.control.wait_until(lambda: running.control.counts()["sockets"]["opened"] == 2)
        host.wait_until_open(1)
        assert works(running)


def test_the_next_connection_is_open_before_the_last_one_goes(
    running: Running, route: FakedRoute
) -> None:
    running.control.knobs(closes_after=4)
    with hosted(running, route, connections=1) as host:
        host.wait_until_open(1)
        (old,) = host.host._connections()
        running.control.call("disconnect")
        running.control.wait_until(lambda: len(host.host._connections()) == 2)
        assert not old.ended.is_set()
        running.control.wait_until(old.ended.is_set)
        running.control.wait_until(lambda: len(host.host._connections()) == 1)
        assert works(running)
