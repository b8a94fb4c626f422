"""PAM in Slack, as its door is called: people who type and press, a Slack that says who they are,
and what is told there.
"""

import base64
import hashlib
import hmac
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import boto3
import pytest

from pam import wiring
from pam.domain import proofs
from pam.domain.proofs import Maker
from pam.domain.session import Session
from pam.operations.proven_links import ProvenLinks
from pam.slack import actions
from pam.slack.clicker import link_basis
from pam.slack.jobs import Job, Method, Paint, Send, from_text
from pam.slack_web.errors import SlackFailed
from tests.contract.conftest import make_table
from tests.fakes.links import Linked
from tests.fakes.story import Story
from tests.slack.payloads import CLICK, COMMAND, HOME_CLICK

Json = dict[str, Any]
TEAM, CHANNEL, SECRET = "T0BANK", "C0CORE", "a signing secret"
SOCKET_ROLE = "arn:aws:sts::000000000000:assumed-role/pam-test-slack-socket/task"
CARD_TS = "1548261231.000200"
_numbers = itertools.count(1)


def member(user: str, **other: Any) -> Json:
    """What Slack says of an ordinary member."""
    flags = ("deleted", "is_bot", "is_app_user", "is_restricted", "is_ultra_restricted")
    return {
        "id": user,
        "team_id": TEAM,
        "name": user.lower(),
        "profile": {"real_name": f"{user} of the bank", "email": f"{user.lower()}@bank.example"},
        **dict.fromkeys(flags, False),
        **other,
    }


def channel(channel_id: str, **other: Any) -> Json:
    shared = ("is_ext_shared", "is_pending_ext_shared", "is_shared", "is_archived")
    return {"id": channel_id, **dict.fromkeys(shared, False), "is_member": True, **other}


@dataclass
class SlackSays:
    """Implements `ports.slack.SlackCalls`. `failing`: by method, what comes instead of an answer.
    `takes`: how long it takes, which the story's clock shows.
    """

    story: Story
    users: dict[str, Json] = field(default_factory=dict)
    channels: dict[str, Json] = field(default_factory=dict)
    failing: dict[str, SlackFailed] = field(default_factory=dict)
    takes: dict[str, timedelta] = field(default_factory=dict)
    before: dict[str, Callable[[], None]] = field(default_factory=dict)
    calls: list[tuple[str, Json]] = field(default_factory=list)
    triggers: set[str] = field(default_factory=set)

    def call(self, method: str, arguments: Mapping[str, Any], *, timeout: float) -> Json:
        assert 0 < timeout <= 3
        self.calls.append((method, dict(arguments)))
        self.before.pop(method, lambda: None)()
        self.story.now += self.takes.get(method, timedelta())
        if method in self.failing:
            raise self.failing[method]
        return {
            "users.info": lambda: {"user": self.users[arguments["user"]]},
            "conversations.info": lambda: {"channel": self.channels[arguments["channel"]]},
            "views.open": lambda: self._opened(arguments),
        }[method]()

    def _opened(self, arguments: Mapping[str, Any]) -> Json:
        assert arguments["trigger_id"] not in self.triggers
        self.triggers.add(arguments["trigger_id"])
        return {"view": {"id": f"V{len(self.triggers)}", **arguments["view"]}}

    def made(self, method: str) -> int:
        return sum(name == method for name, _ in self.calls)


@dataclass
class Told:
    """Implements `ports.slack.SlackQueue`."""

    jobs: list[Job] = field(default_factory=list)
    once: set[str] = field(default_factory=set)
    failing: bool = False

    def put(self, text: str, *, group: str, once: str) -> None:
        if self.failing:
            raise ConnectionError
        if once not in self.once:
            self.jobs.append(from_text(text))
        self.once.add(once)

    def sent(self, method: Method) -> list[Send]:
        return [job for job in self.jobs if isinstance(job, Send) and job.method is method]

    def painted(self) -> list[Paint]:
        return [job for job in self.jobs if isinstance(job, Paint)]


@dataclass
class Cards:
    """Implements `ports.slack.SlackCards`."""

    at: dict[tuple[str, str], str] = field(default_factory=dict)

    def session_at(self, channel: str, ts: str) -> str | None:
        return self.at.get((channel, ts))


@dataclass(frozen=True)
class Reply:
    """What the door answered, as Slack sees it."""

    status: int
    payload: Json

    @property
    def text(self) -> str:
        return json.dumps(self.payload, ensure_ascii=False)


@dataclass
class Scene:
    linked: Linked
    door: Callable[[Any], Any]
    slack: SlackSays
    told: Told
    cards: Cards
    way: str = "http"

    @property
    def story(self) -> Story:
        return self.linked.story

    # What people do.

    def command(self, who: str, text: str, **changed: str) -> Reply:
        return self.deliver("slash_commands", self.typed(who, text, **changed))

    def typed(self, who: str, text: str, **changed: str) -> Json:
        own = {"user_id": f"U0{who.upper()}", "team_id": TEAM, "channel_id": CHANNEL}
        fresh = {"text": text, "trigger_id": f"{next(_numbers)}.trigger"}
        return {**COMMAND, **own, **fresh, **changed}

    def click(self, who: str, action_id: str, session_id: str = "", **changed: Any) -> Reply:
        return self.deliver("interactive", self.pressed(who, action_id, session_id, **changed))

    def pressed(
        self,
        who: str,
        action_id: str,
        session_id: str = "",
        *,
        where: str = CHANNEL,
        **changed: Any,
    ) -> Json:
        """`where`: a channel, `modal`, or `home`."""
        at = next(_numbers)
        action = {**CLICK["actions"][0], "action_id": action_id, "action_ts": f"1548426417.{at}"}
        action |= {"value": session_id} if session_id else {"value": None}
        user = {**CLICK["user"], "id": f"U0{who.upper()}", "team_id": TEAM}
        base: Json
        if where in {"modal", "home"}:
            base = {**HOME_CLICK, "view": {"id": "V0OPEN", "type": where, "hash": "1.a"}}
        else:
            base = {**CLICK, "channel": {"id": where}}
            base["container"] = {**CLICK["container"], "channel_id": where}
        fresh = {"trigger_id": f"{at}.trigger", "actions": [action]}
        return {**base, "team": {"id": TEAM}, "user": user, **fresh, **changed}

    def submit(
        self,
        who: str,
        callback_id: str,
        values: Mapping[str, str],
        session_id: str = "",
        **view: str,
    ) -> Reply:
        return self.deliver("interactive", self.form(who, callback_id, values, session_id, **view))

    def form(
        self,
        who: str,
        callback_id: str,
        values: Mapping[str, str],
        session_id: str = "",
        **view: str,
    ) -> Json:
        state = {name: {name: _element(name, value)} for name, value in values.items()}
        return {
            "type": "view_submission",
            "team": {"id": TEAM},
            "user": {"id": f"U0{who.upper()}", "team_id": TEAM},
            "trigger_id": f"{next(_numbers)}.trigger",
            "view": {
                "id": f"V{next(_numbers)}",
                "hash": "1.a",
                "callback_id": callback_id,
                "private_metadata": session_id,
                "state": {"values": state},
                **view,
            },
        }

    def event(self, event: Json, **changed: Any) -> Reply:
        return self.deliver("events_api", self.told_of(event, **changed))

    @staticmethod
    def told_of(event: Json, **changed: Any) -> Json:
        fresh = {"event_id": f"Ev{next(_numbers)}"}
        return {"type": "event_callback", "team_id": TEAM, **fresh, "event": event, **changed}

    def open_home(self, who: str) -> Reply:
        opened = {"type": "app_home_opened", "user": f"U0{who.upper()}", "tab": "home"}
        return self.event(opened)

    def react(self, who: str, reaction: str, ts: str = CARD_TS) -> Reply:
        item = {"type": "message", "channel": CHANNEL, "ts": ts}
        return self.event(
            {
                "type": "reaction_added",
                "user": f"U0{who.upper()}",
                "reaction": reaction,
                "item": item,
            }
        )

    # What the gateway makes of it.

    def deliver(self, kind: str, payload: Json, way: str = "") -> Reply:
        call = self.socket_call if (way or self.way) == "socket" else self.http_call
        return self.answered(call(kind, payload))

    def answered(self, event: Any) -> Reply:
        answer = self.door(event)
        payload = json.loads(answer["body"]) if answer["body"] else {}
        by_socket = isinstance(event, dict) and event.get("resource") == "/slack/socket"
        if by_socket and answer["statusCode"] == 200:
            payload = payload.get("payload", {})
        return Reply(status=answer["statusCode"], payload=payload)

    def http_call(self, kind: str, payload: Json, **changed: Any) -> Json:
        if kind == "events_api":
            path, body, content = "events", json.dumps(payload), "application/json"
        else:
            form = {"payload": json.dumps(payload)} if kind == "interactive" else payload
            path = "interactions" if kind == "interactive" else "commands"
            body, content = urlencode(form), "application/x-www-form-urlencoded"
        return self.signed(body, f"/slack/{path}", content) | changed

    def signed(
        self, body: str, route: str = "/slack/events", content: str = "application/json"
    ) -> Json:
        seconds = str(int(self.story.now.timestamp()))
        headers = {
            "Content-Type": content,
            "X-Slack-Request-Timestamp": seconds,
            "X-Slack-Signature": signature(SECRET, seconds, body.encode()),
        }
        return gateway_event(route, body, headers)

    def socket_call(self, kind: str, payload: Any, role: str | None = SOCKET_ROLE) -> Json:
        body = json.dumps({"type": kind, "payload": payload})
        event = gateway_event("/slack/socket", body, {"Content-Type": "application/json"})
        event["requestContext"]["identity"]["userArn"] = role
        return event

    # What PAM has of it.

    def session(self, session_id: str) -> Session:
        found = self.story.store.get(session_id)
        assert found is not None
        return found

    def refusals(self) -> list[Json]:
        """Records of `Refused`, wherever they stand."""
        items = boto3.client("dynamodb").scan(TableName="sessions")["Items"]
        records = [json.loads(item["record"]["S"]) for item in items if "record" in item]
        return [record for record in records if record["type"] == "Refused"]


def _element(name: str, value: str) -> Json:
    if name == actions.BREAK_GLASS:
        return {"type": "checkboxes", "selected_options": [{"value": value}] if value else []}
    if name == actions.RESOURCE:
        return {"type": "static_select", "selected_option": {"value": value}}
    return {"type": "plain_text_input", "value": value or None}


def signature(secret: str, seconds: str, body: bytes) -> str:
    signed = b"v0:" + seconds.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def gateway_event(route: str, body: str, headers: Mapping[str, str]) -> Json:
    number = next(_numbers)
    return {
        "resource": route,
        "path": route,
        "httpMethod": "POST",
        "headers": dict(headers),
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "body": body,
        "isBase64Encoded": False,
        "requestContext": {
            "path": f"/v1{route}",
            "stage": "v1",
            "requestId": f"slack-call-{number}",
            "extendedRequestId": f"extended-slack-{number}",
            "identity": {"userArn": None, "sourceIp": "192.0.2.1", "userAgent": "Slackbot 1.0"},
        },
    }


def as_base64(event: Json) -> Json:
    body = base64.b64encode(event["body"].encode()).decode()
    return event | {"body": body, "isBase64Encoded": True}


class Secret:
    def value(self) -> str:
        return SECRET

    renewed = value


@pytest.fixture
def scene(
    story: Story, table: Any, function: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Scene]:
    """bob, carol, alice and kim are members of the workspace and linked; others are members."""
    make_table(table, "slack")
    linked = Linked(story=story)
    linked.settled("alice", "bob", "carol", "erin", "kim", "kate", "sam", "dave")
    slack, told, cards = SlackSays(story=story), Told(), Cards()
    for who in ("alice", "bob", "carol", "dave", "erin", "kim", "kate", "sam", "nora"):
        slack.users[f"U0{who.upper()}"] = member(f"U0{who.upper()}")
    slack.channels[CHANNEL] = channel(CHANNEL)
    # A link rests on what Slack says of its user.
    for principal, link in list(linked.known.links.items()):
        linked.known.links[principal] = _resting(link, slack, story)
    monkeypatch.setattr(wiring, "proven_links", lambda *_: ProvenLinks(linked.known, story.keys))
    monkeypatch.setattr(wiring, "link_codes", lambda _: linked.known)
    monkeypatch.setattr(wiring, "slack_web", lambda *_: slack)
    monkeypatch.setattr(wiring, "slack_queue", lambda _: told)
    monkeypatch.setattr(wiring, "slack_cards", lambda _: cards)
    monkeypatch.setattr(wiring, "slack_secret", lambda _: Secret())
    monkeypatch.setattr(wiring, "starter", lambda _: story.closer)
    for cached in (wiring.slack_facts, wiring.slack_deliveries):
        cached.cache_clear()
    yield Scene(linked=linked, door=function("slack_door"), slack=slack, told=told, cards=cards)
    for cached in (wiring.slack_facts, wiring.slack_deliveries):
        cached.cache_clear()


def _resting(link: Any, slack: SlackSays, story: Story) -> Any:
    user = link.principal.partition("/")[2]
    on = replace(link, basis=link_basis(slack.users[user]), proof="")
    return replace(on, proof=story.keys.of(Maker.DOOR).sign(proofs.of_link(on)))
