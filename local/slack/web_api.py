"""The Web API's front: who calls, whether they may, whether they call too often; then the method.

Names of errors and forms of answers are those of docs.slack.dev/reference/methods.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local.slack import arguments, chat, conversations, people, views
from local.slack.arguments import Arguments, Refused
from local.slack.recording import Call
from local.slack.sockets import Sockets
from local.slack.state import Slack
from local.slack.wire import Cut, Request, Response

Json = dict[str, Any]

PATH = "/api/"
_MINUTE = 60.0
_A_MINUTE = {1: 1, 2: 20, 3: 50, 4: 100}
"""Slack's tiers: calls a minute that it promises to take, by method and workspace."""
_BURST_OF_MESSAGES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    answer: Callable[[Slack, Arguments], Json]
    tier: int | None = None
    """None: one a second and channel, as for messages."""
    takes_json: bool = True
    by_app_token: bool = False


METHODS = {
    "auth.test": Method(answer=people.auth_test, tier=4),
    "bots.info": Method(answer=people.bots_info, tier=3, takes_json=False),
    "users.info": Method(answer=people.users_info, tier=4, takes_json=False),
    "users.conversations": Method(answer=conversations.of_user, tier=3, takes_json=False),
    "conversations.info": Method(answer=conversations.info, tier=3, takes_json=False),
    "conversations.members": Method(answer=conversations.members, tier=4, takes_json=False),
    "conversations.open": Method(answer=conversations.open_direct, tier=3),
    "chat.postMessage": Method(answer=chat.post_message),
    "chat.update": Method(answer=chat.update, tier=3),
    "chat.delete": Method(answer=chat.delete, tier=3),
    "chat.postEphemeral": Method(answer=chat.post_ephemeral, tier=4),
    "chat.getPermalink": Method(answer=chat.get_permalink, tier=4, takes_json=False),
    "reactions.add": Method(answer=chat.add_reaction, tier=3),
    "views.open": Method(answer=views.open_view, tier=4),
    "views.push": Method(answer=views.push, tier=4),
    "views.update": Method(answer=views.update, tier=4),
    "views.publish": Method(answer=views.publish, tier=4),
}
OPEN_CONNECTION = "apps.connections.open"
_OPEN_CONNECTION_TIER = 1


class WebApi:
    def __init__(self, slack: Slack, sockets: Sockets) -> None:
        self._slack = slack
        open_connection = Method(
            answer=lambda _slack, _asked: sockets.open_url(),
            tier=_OPEN_CONNECTION_TIER,
            by_app_token=True,
        )
        self._methods = METHODS | {OPEN_CONNECTION: open_connection}

    async def answer(self, request: Request) -> Response:
        """May raise `Cut`, after the deed is done."""
        slack, name = self._slack, request.path.removeprefix(PATH)
        slack.calls[name] += 1
        if slack.faults.down:
            slack.refused[f"{name} 503"] += 1
            return Response(status=503, body=b"<html>Slack is down</html>")
        await asyncio.sleep(slack.faults.delay(name))
        asked = Arguments({})
        try:
            asked, token = arguments.read(request, takes_json=self._takes_json(name))
            found: Json = {"ok": True, **self._call(name, asked, token)}
        except Refused as refusal:
            found = {"ok": False, "error": refusal.error, **refusal.more}
        error = found.get("error")
        if error:
            slack.refused[f"{name} {error}"] += 1
        slack.recorder.record(
            Call(at=slack.now(), method=name, arguments=arguments.plain(asked), error=error)
        )
        if slack.faults.loses_answer(name):
            raise Cut
        return _respond(found, slack.faults.retry_after if error == "ratelimited" else None)

    def _takes_json(self, name: str) -> bool:
        method = self._methods.get(name)
        return method is None or method.takes_json

    def _call(self, name: str, asked: Arguments, token: str) -> Json:
        method = self._methods.get(name)
        if method is None:
            raise Refused("unknown_method", req_method=name)
        self._check_token(method, token)
        self._check_rate(name, method, asked)
        error = self._slack.faults.error(name)
        if error:
            raise Refused(error)
        return method.answer(self._slack, asked)

    def _check_token(self, method: Method, token: str) -> None:
        secrets = self._slack.secrets
        if not token:
            raise Refused("not_authed")
        if token in self._slack.revoked:
            raise Refused("token_revoked")
        if token not in {secrets.bot_token, secrets.app_token}:
            raise Refused("invalid_auth")
        if (token == secrets.app_token) is not method.by_app_token:
            raise Refused("not_allowed_token_type")

    def _check_rate(self, name: str, method: Method, asked: Arguments) -> None:
        if self._slack.faults.limits(name):
            raise Refused("ratelimited")
        if not self._slack.faults.tiers:
            return
        if method.tier is None:
            key, allowed, window = f"{name} {asked.text('channel')}", _BURST_OF_MESSAGES, 5.0
        else:
            key, allowed, window = name, _A_MINUTE[method.tier], _MINUTE
        now = self._slack.now()
        lately = [at for at in self._slack.limited.get(key, []) if at > now - window]
        if len(lately) >= allowed:
            self._slack.limited[key] = lately
            raise Refused("ratelimited")
        self._slack.limited[key] = [*lately, now]


def _respond(found: Json, retry_after: int | None) -> Response:
    headers = {"content-type": "application/json; charset=utf-8"}
    if retry_after is not None:
        headers["retry-after"] = str(retry_after)
    status = 200 if retry_after is None else 429
    return Response(status=status, headers=headers, body=json.dumps(found).encode())
