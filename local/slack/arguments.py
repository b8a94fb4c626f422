"""The arguments of a call, and how a call is refused."""

import json
from typing import Any
from urllib.parse import parse_qsl

from local.slack.wire import Request

Json = dict[str, Any]


class Refused(Exception):
    """`ok: false`, with Slack's own name for the reason."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.error = error
        self.more = more


class Arguments:
    """By name; from a form, from JSON or from the query, as Slack takes them."""

    def __init__(self, values: Json) -> None:
        self.values = values

    def text(self, name: str, *, otherwise: str = "") -> str:
        value = self.values.get(name)
        return otherwise if value is None else str(value)

    def needs(self, name: str, error: str) -> str:
        """Raises `Refused` with this error where it is missing or empty."""
        value = self.text(name)
        if not value:
            raise Refused(error)
        return value

    def true(self, name: str) -> bool:
        return self.values.get(name) in (True, "true", "True", "1", 1)

    def number(self, name: str, *, otherwise: int, error: str) -> int:
        try:
            return int(self.values.get(name) or otherwise)
        except (TypeError, ValueError):
            raise Refused(error) from None

    def structure(self, name: str, kind: type, error: str) -> Any:
        """A list or an object, which a form gives as JSON text; None if it is absent."""
        value = self.values.get(name)
        if isinstance(value, str):
            if not value:
                return None
            try:
                value = json.loads(value)
            except ValueError:
                raise Refused(error) from None
        if value is not None and not isinstance(value, kind):
            raise Refused(error)
        return value


def read(request: Request, *, takes_json: bool) -> tuple[Arguments, str]:
    """The arguments and the token. Where a method takes no JSON, what a JSON body says is ignored,
    as Slack ignores it.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    values: Json = dict(request.query)
    if kind == "application/json":
        try:
            body = json.loads(request.body or b"{}")
        except ValueError:
            raise Refused("invalid_json") from None
        if not isinstance(body, dict):
            raise Refused("json_not_object")
        if takes_json:
            values |= body
    elif kind == "application/x-www-form-urlencoded":
        values |= dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    elif request.body:
        raise Refused("invalid_post_type")
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    token = bearer.strip() if scheme.lower() == "bearer" else ""
    # Slack takes no token from a query, where it would stand in logs.
    in_body = "" if "token" in request.query else str(values.pop("token", ""))
    values.pop("token", None)
    return Arguments(values), token or in_body


def plain(arguments: Arguments) -> Json:
    """As they were meant: blocks and views as structures, whichever way they came."""
    found = dict(arguments.values)
    for name in ("blocks", "view", "metadata"):
        if isinstance(found.get(name), str):
            try:
                found[name] = json.loads(found[name])
            except ValueError:
                continue
    return found
