"""From Slack to PAM and back: what is acknowledged, with what, and what is not."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from local.slack.control import Seen
from slack_socket.connection import SlackConnection
from slack_socket.envelopes import Envelope
from slack_socket.forwarding import AT_ONCE, MOST_WAITING, Forwarding
from slack_socket.outcome import Outcome
from slack_socket.route import NotForwarded
from tests.local.slack.running import PATIENCE, Running
from tests.slack_socket.faked_route import KEY, REGION, SECRET, FakedRoute
from tests.slack_socket.hosting import QUICK, Hosted, hosted, post_card
from tests.slack_socket.signed import Signer, signer

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def host(running: Running, route: FakedRoute) -> Iterator[Hosted]:
    with hosted(running, route) as host:
        host.wait_until_open(2)
        yield host


def click(running: Running) -> Seen:
    return running.control.person("bob").click(post_card(running), "pam.approve")


def test_a_click_reaches_pam_signed_and_is_acknowledged(
    running: Running, route: FakedRoute, host: Hosted
) -> None:
    route.answer = lambda _: b'{"payload": {"text": "a click takes no answer"}}'
    assert click(running).acknowledged
    (call,) = route.calls
    assert set(call) == {"type", "payload"}
    assert (call["type"], call["payload"]["type"]) == ("interactive", "block_actions")
    assert route.signers == [Signer(key=KEY, region=REGION, service="execute-api")]
    (told,) = running.control.deliveries()
    assert told["answer"] is None


def test_a_command_is_answered_with_what_pam_answered(
    running: Running, route: FakedRoute, host: Hosted
) -> None:
    route.answer = lambda _: b'{"payload": {"response_type": "ephemeral", "text": "Nothing open"}}'
    seen = running.control.person("alice").command("mine")
    assert seen.acknowledged
    assert any("Nothing open" in line for line in seen.shown)
    assert route.calls[0]["type"] == "slash_commands"


def test_events_reach_pam(running: Running, route: FakedRoute, host: Hosted) -> None:
    running.control.person("alice").open_home()
    running.control.wait_until(lambda: route.calls)
    assert route.calls[0]["type"] == "events_api"
    assert route.calls[0]["payload"]["event"]["type"] == "app_home_opened"


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (500, b"{}"),
        (502, b"{}"),
        (403, b'{"message": "Forbidden"}'),
        (429, b"{}"),
        (204, b""),
        (301, b"{}"),
        (200, b""),
        (200, b"no JSON"),
        (200, b"[]"),
        (200, b'{"payload": "text"}'),
        (200, b'{"payload": {"text": "' + b"x" * 300_000 + b'"}}'),
    ],
)
def test_what_pam_did_not_answer_is_not_acknowledged_and_can_be_pressed_again(
    running: Running, route: FakedRoute, host: Hosted, status: int, answer: bytes
) -> None:
    running.control.knobs(answer_within=0.5)
    route.status, route.answer = status, lambda _: answer
    seen = click(running)
    assert (seen.acknowledged, seen.error) == (False, "operation_timeout")
    running.control.knobs(answer_within=PATIENCE)
    route.status, route.answer = 200, lambda _: b"{}"
    assert click(running).acknowledged


def test_what_pam_answers_too_late_is_not_acknowledged_late_either(
    running: Running, route: FakedRoute
) -> None:
    running.control.knobs(answer_within=4)
    with hosted(running, route, replace(QUICK, answer_within=2)) as host:
        host.wait_until_open(2)
        route.takes = 2.5
        assert not click(running).acknowledged
        running.control.wait_until(lambda: route.calls)
        running.control.wait_until(host.host._forwarding.is_idle)
    assert running.control.counts()["sockets"]["late_acknowledgements"] == 0


def test_pam_that_cannot_be_reached_acknowledges_nothing(
    running: Running, route: FakedRoute
) -> None:
    running.control.knobs(answer_within=0.5)
    route.url = "http://127.0.0.1:9/v1/slack/socket"
    with hosted(running, route) as host:
        host.wait_until_open(2)
        assert not click(running).acknowledged


def test_an_envelope_that_comes_twice_at_once_is_brought_once(
    running: Running, route: FakedRoute, host: Hosted, monkeypatch: pytest.MonkeyPatch
) -> None:
    forwarding, taken = host.host._forwarding, threading.Semaphore(0)
    take = forwarding.take

    def taking(connection: SlackConnection, envelope: Envelope) -> None:
        take(connection, envelope)
        taken.release()

    def when_both_have_come(_call: object) -> bytes:
        assert all(taken.acquire(timeout=10) for _ in range(2))
        return b"{}"

    monkeypatch.setattr(forwarding, "take", taking)
    running.control.knobs(envelope_twice=1)
    route.answer = when_both_have_come
    assert click(running).acknowledged
    running.control.wait_until(forwarding.is_idle)
    assert route.tried == 1


def test_a_connection_that_rested_is_not_trusted_with_a_click(
    running: Running, route: FakedRoute, host: Hosted, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = []
    forwarding = host.host._forwarding._route
    session = forwarding._session  # type: ignore[attr-defined]
    monkeypatch.setattr(session, "close", lambda: closed.append(1))
    assert click(running).acknowledged
    assert click(running).acknowledged
    assert closed == []
    forwarding._used -= 31  # type: ignore[attr-defined]
    assert click(running).acknowledged
    assert closed == [1]


class _Stuck:
    """A route that answers when it is let."""

    def __init__(self) -> None:
        self.let = threading.Event()
        self.seen: list[str] = []

    def forward(self, envelope: Envelope) -> None:
        self.seen.append(envelope.envelope_id)
        assert self.let.wait(10)


class _Connection:
    def __init__(self, *, takes: bool = True) -> None:
        self.takes, self.sent = takes, []  # type: ignore[var-annotated]

    def send(self, text: str) -> bool:
        if self.takes:
            self.sent.append(text)
        return self.takes


def envelope(number: int) -> Envelope:
    return Envelope(
        envelope_id=f"e-{number}", kind="interactive", payload={}, accepts_payload=False
    )


def wait_until_idle(forwarding: Forwarding) -> None:
    deadline = time.monotonic() + 10
    while not forwarding.is_idle():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def working(forwarding: Forwarding, workers: int) -> None:
    for _ in range(workers):
        threading.Thread(target=forwarding.work, daemon=True).start()


def test_no_more_is_taken_than_can_be_answered() -> None:
    stuck, connection = _Stuck(), _Connection()
    forwarding = Forwarding(stuck, others=list, answer_within=60, clock=time.monotonic)
    for number in range(MOST_WAITING + 5):
        forwarding.take(connection, envelope(number))  # type: ignore[arg-type]
    stuck.let.set()
    working(forwarding, AT_ONCE)
    wait_until_idle(forwarding)
    assert len(stuck.seen) == len(connection.sent) == MOST_WAITING
    # What was not taken may come again.
    forwarding.take(connection, envelope(MOST_WAITING + 1))  # type: ignore[arg-type]
    wait_until_idle(forwarding)
    assert len(connection.sent) == MOST_WAITING + 1


def test_what_waited_too_long_is_not_even_brought() -> None:
    now, stuck, connection = [100.0], _Stuck(), _Connection()
    forwarding = Forwarding(stuck, others=list, answer_within=2.6, clock=lambda: now[0])
    forwarding.take(connection, envelope(1))  # type: ignore[arg-type]
    now[0] = 102.7
    working(forwarding, 1)
    wait_until_idle(forwarding)
    assert (stuck.seen, connection.sent) == ([], [])


class _Slow:
    def __init__(self, now: list[float], takes: float) -> None:
        self._now, self._takes = now, takes

    def forward(self, envelope: Envelope) -> None:
        self._now[0] += self._takes


@pytest.mark.parametrize(("takes", "acknowledged"), [(2.5, 1), (2.7, 0)])
def test_an_answer_that_comes_too_late_is_kept_back(*, takes: float, acknowledged: int) -> None:
    now, connection = [100.0], _Connection()
    slow = _Slow(now, takes)
    forwarding = Forwarding(slow, others=list, answer_within=2.6, clock=lambda: now[0])
    forwarding.take(connection, envelope(1))  # type: ignore[arg-type]
    working(forwarding, 1)
    wait_until_idle(forwarding)
    assert len(connection.sent) == acknowledged


def test_an_answer_whose_connection_has_gone_goes_by_another() -> None:
    gone, other = _Connection(takes=False), _Connection()
    stuck = _Stuck()
    stuck.let.set()
    forwarding = Forwarding(
        stuck,
        others=lambda: [gone, other],  # type: ignore[list-item]
        answer_within=60,
        clock=time.monotonic,
    )
    forwarding.take(gone, envelope(1))  # type: ignore[arg-type]
    working(forwarding, 1)
    wait_until_idle(forwarding)
    assert other.sent == ['{"envelope_id": "e-1"}']


class _Refusing:
    def forward(self, envelope: Envelope) -> None:
        raise NotForwarded("refused", status=500)


def test_a_refused_envelope_ends_no_worker() -> None:
    connection = _Connection()
    forwarding = Forwarding(_Refusing(), others=list, answer_within=9, clock=time.monotonic)
    working(forwarding, 1)
    for number in range(3):
        forwarding.take(connection, envelope(number))  # type: ignore[arg-type]
        wait_until_idle(forwarding)
    assert connection.sent == []


def test_who_leaves_finishes_what_is_in_hand_and_takes_no_more(
    running: Running, route: FakedRoute, host: Hosted
) -> None:
    route.takes = 0.5
    seen: list[Seen] = []
    clicking = threading.Thread(target=lambda: seen.append(click(running)))
    clicking.start()
    running.control.wait_until(lambda: route.tried)
    host.host.finish(Outcome.LEFT)
    clicking.join(10)
    assert host.outcome_within(30) is Outcome.LEFT
    assert seen[0].acknowledged
    running.control.wait_until(lambda: running.control.counts()["sockets"]["open"] == 0)
    assert click(running).error == "dispatch_failed"


def test_the_reading_of_signatures_refuses_what_was_changed(
    running: Running, route: FakedRoute, host: Hosted
) -> None:
    """Or the tests above would prove nothing."""
    taken = []
    take = route.take
    route.take = lambda *call: taken.append(call) or take(*call)  # type: ignore[func-returns-value,method-assign]
    assert click(running).acknowledged
    path, headers, body = taken[0]
    assert signer(path, headers, body, secret=SECRET) is not None
    assert signer(path, headers, body + b" ", secret=SECRET) is None
    assert signer(path + "x", headers, body, secret=SECRET) is None
    assert signer(path, headers, body, secret="another") is None
