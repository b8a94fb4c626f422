"""Deliveries to the app, by socket or by HTTP, and what became of each.

Slack repeats events, and nothing else: a click, a command or a submission that is not acknowledged
in time is lost, and the person is told so.
"""

import asyncio
import json
import time
import uuid
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from local.slack import payloads
from local.slack.http_out import Answer, Outgoing
from local.slack.sockets import Sockets
from local.slack.state import Slack

Json = dict[str, Any]

INTERACTIVE, COMMAND, EVENT = "interactive", "slash_commands", "events_api"
KINDS = (INTERACTIVE, COMMAND, EVENT)
WAYS = ("socket", "http")
TIMED_OUT, FAILED = "operation_timeout", "dispatch_failed"
_HTTP_OK = 200


@dataclass(slots=True, kw_only=True)
class Delivery:
    """One thing that Slack told the app, with all its attempts."""

    number: int
    kind: str
    name: str
    user: str
    via: str
    attempts: int = 0
    acknowledged: bool = False
    ms: float | None = None
    """From the act to the acknowledgement."""
    error: str | None = None
    reason: str = ""
    answer: Any = None
    """What the acknowledgement carried, if anything."""

    def as_json(self) -> Json:
        return asdict(self)


class Deliveries:
    def __init__(self, slack: Slack, sockets: Sockets, outgoing: Outgoing) -> None:
        self._slack, self._sockets, self._outgoing = slack, sockets, outgoing
        self._tasks: set[asyncio.Task[None]] = set()
        self.all: list[Delivery] = []
        self.way = "socket"

    def forget(self) -> None:
        for task in self._tasks:
            task.cancel()
        self.all = []

    async def interact(self, kind: str, payload: Json, via: str | None) -> Delivery:
        """Delivers what a person did, once, and waits for the acknowledgement."""
        name = str(payload.get("type") or payload.get("command"))
        user = str(payload.get("user_id") or payload.get("user", {}).get("id"))
        twice = kind == COMMAND and self._slack.faults.takes("command_twice")
        first = self._new(kind, name, user, via)
        await asyncio.gather(
            self._interact(first, payload),
            *([self._interact(self._new(kind, name, user, via), payload)] if twice else []),
        )
        return first

    def tell(self, event: Json, via: str | None = None) -> Delivery:
        """Delivers an event in the background, repeated until it is acknowledged."""
        user = event.get("user", "")
        user_id = str(user["id"] if isinstance(user, dict) else user)
        delivery = self._new(EVENT, str(event["type"]), user_id, via)
        payload = payloads.event_callback(self._slack, event)
        task = asyncio.create_task(self._tell(delivery, payload))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return delivery

    async def verify_url(self) -> Answer:
        """What Slack does when somebody sets the address of events."""
        payload = payloads.url_verification(self._slack)
        within = self._slack.faults.answer_within
        answer = await self._outgoing.post(EVENT, payload, within, None)
        found = answer.body.decode("utf-8", "replace")
        if found.startswith("{"):
            found = str(_parse(answer.body, {}).get("challenge"))
        right = answer.status == _HTTP_OK and found.strip() == payload["challenge"]
        return answer if right else Answer(status=answer.status, reason="challenge_failed")

    def counts(self) -> Json:
        """Per kind: how many were acknowledged, were lost, or are still on their way."""
        found: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
        for delivery in self.all:
            fate = "lost" if delivery.error else "open"
            found[delivery.kind]["acknowledged" if delivery.acknowledged else fate] += 1
            found[delivery.kind]["attempts"] += delivery.attempts
        return {kind: dict(counts) for kind, counts in found.items()}

    def _new(self, kind: str, name: str, user: str, via: str | None) -> Delivery:
        number = len(self.all) + 1
        delivery = Delivery(number=number, kind=kind, name=name, user=user, via=via or self.way)
        self.all.append(delivery)
        return delivery

    async def _interact(self, delivery: Delivery, payload: Json) -> None:
        faults = self._slack.faults
        started = time.monotonic()
        await asyncio.sleep(faults.delivered_late)
        within = max(faults.answer_within - faults.delivered_late, 0)
        await self._attempt(delivery, payload, within=within, started=started)

    async def _tell(self, delivery: Delivery, payload: Json) -> None:
        faults = self._slack.faults
        started, reason = time.monotonic(), ""
        for number, wait in enumerate([0.0, *faults.event_retries_after]):
            await asyncio.sleep(wait)
            retry = {"number": number, "reason": reason} if number else None
            done = await self._attempt(
                delivery, payload, within=faults.answer_within, started=started, retry=retry
            )
            if done:
                return
            reason = delivery.reason

    async def _attempt(
        self,
        delivery: Delivery,
        payload: Json,
        *,
        within: float,
        started: float,
        retry: Json | None = None,
    ) -> bool:
        """Whether no further attempt is due."""
        delivery.attempts += 1
        by = self._by_socket if delivery.via == "socket" else self._by_http
        no_retry = await by(delivery, payload, within, retry)
        if delivery.acknowledged:
            delivery.ms = round((time.monotonic() - started) * 1000, 1)
        return delivery.acknowledged or no_retry

    async def _by_socket(
        self, delivery: Delivery, payload: Json, within: float, retry: Json | None
    ) -> bool:
        envelope: Json = {
            "envelope_id": str(uuid.uuid4()),
            "payload": payload,
            "type": delivery.kind,
            "accepts_response_payload": _takes_answer(delivery),
        }
        if delivery.kind == EVENT:
            envelope["retry_attempt"] = retry["number"] if retry else 0
            envelope["retry_reason"] = retry["reason"] if retry else ""
        sent = self._sockets.send(envelope)
        if sent is None:
            _fail(delivery, FAILED, "no_connection")
            return False
        if self._slack.faults.takes("envelope_twice"):
            self._sockets.send(envelope)
        try:
            answer = await asyncio.wait_for(sent.acknowledged, within)
        except TimeoutError:
            _fail(delivery, TIMED_OUT, "timeout")
            return False
        _succeed(delivery, answer if _takes_answer(delivery) else None)
        return False

    async def _by_http(
        self, delivery: Delivery, payload: Json, within: float, retry: Json | None
    ) -> bool:
        posts = [self._outgoing.post(delivery.kind, payload, within, retry)]
        if self._slack.faults.takes("envelope_twice"):
            posts.append(self._outgoing.post(delivery.kind, payload, within, retry))
        answer = (await asyncio.gather(*posts))[0]
        if answer.reason:
            timed_out = answer.reason == "http_timeout"
            _fail(delivery, TIMED_OUT if timed_out else FAILED, answer.reason)
            return answer.no_retry
        _succeed(delivery, _parse(answer.body, None) if _takes_answer(delivery) else None)
        return False


def _takes_answer(delivery: Delivery) -> bool:
    return delivery.kind == COMMAND or delivery.name == "view_submission"


def _fail(delivery: Delivery, error: str, reason: str) -> None:
    delivery.error, delivery.reason = error, reason


def _succeed(delivery: Delivery, answer: Any) -> None:
    delivery.acknowledged, delivery.answer = True, answer
    delivery.error, delivery.reason = None, ""


def _parse(body: bytes, otherwise: Any) -> Any:
    """JSON, or plain text as the `text` of a message."""
    text = body.decode("utf-8", "replace").strip()
    if not text:
        return otherwise
    try:
        return json.loads(text)
    except ValueError:
        return {"text": text}
