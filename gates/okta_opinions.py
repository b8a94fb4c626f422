"""What Okta's own SDK says of calls of its API: generated from Okta's specification of it.

Run by the tests in `.pam/opinions`, since the SDK brings much that nothing else needs. On standard
input a list of `{operation, method, target, status, content}` (`content`: the answer's JSON, null
without a body), on standard output one of what is wrong with each, or null. Each request has to be
the one that the SDK makes for these arguments; each answer one that it can read, of a documented
status, with no field that it does not know.
"""

import asyncio
import inspect
import json
import re
import sys
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import parse_qsl, unquote, urlsplit

from okta.api.group_api import GroupApi
from okta.api.group_rule_api import GroupRuleApi
from okta.api.role_assignment_b_group_api import RoleAssignmentBGroupApi
from okta.api.system_log_api import SystemLogApi
from okta.api.user_api import UserApi
from okta.api.user_resources_api import UserResourcesApi
from okta.api.user_sessions_api import UserSessionsApi
from okta.exceptions.exceptions import ApiException
from pydantic import BaseModel, ValidationError

_APIS = {
    "assignUserToGroup": GroupApi,
    "getGroup": GroupApi,
    "getUser": UserApi,
    "listGroupAssignedRoles": RoleAssignmentBGroupApi,
    "listGroupRules": GroupRuleApi,
    "listGroupUsers": GroupApi,
    "listLogEvents": SystemLogApi,
    "listUserGroups": UserResourcesApi,
    "revokeUserSessions": UserSessionsApi,
    "unassignUserFromGroup": GroupApi,
}
_BASE = "https://organisation.example"
_CONFIGURATION = {"client": {"orgUrl": _BASE, "token": "none"}}
Json = dict[str, Any]


class Wrong(Exception):
    """What the SDK holds against a call."""


def _refuse(issue: str) -> NoReturn:
    raise Wrong(issue)


@dataclass
class Response:
    """As the SDK's HTTP client gives one."""

    status: int
    data: bytes
    reason: str = ""

    @property
    def headers(self) -> dict[str, str]:
        return {"content-type": "application/json"}


class Executor:
    """In place of the SDK's own: notes the request, and answers what was recorded."""

    def __init__(self, call: Json) -> None:
        content = call["content"]
        self._text = "" if content is None else json.dumps(content)
        self._response = Response(call["status"], self._text.encode())
        self.asked: tuple[str, str] | None = None

    async def create_request(self, method: str, url: str, *_: Any, **__: Any) -> tuple[Json, None]:
        self.asked = method, url
        return {}, None

    async def execute(self, *_: Any) -> tuple[Response, str, None]:
        return self._response, self._text, None


def main() -> None:
    json.dump([_issue(call) for call in json.load(sys.stdin)], sys.stdout)


def _issue(call: Json) -> str | None:
    try:
        _check(call)
    except Wrong as wrong:
        return str(wrong)
    return None


def _check(call: Json) -> None:
    """Raises Wrong."""
    kind = _APIS.get(call["operation"])
    if kind is None:
        _refuse(f"no operation of this name: {call['method']} {call['target']}")
    api, executor, taken = kind(_CONFIGURATION), Executor(call), []
    api._request_executor = executor  # noqa: SLF001 - the SDK has no place for another
    read = api.response_deserialize

    def reading(response_data: Any, response_types_map: Json) -> Any:
        taken.append(_read(read, response_data, response_types_map))
        return taken[-1]

    api.response_deserialize = reading
    method = getattr(api, _snake(call["operation"]))
    try:
        asyncio.run(method(**_arguments(method, call)))
    except (TypeError, ValidationError) as error:
        _refuse(f"request: {error}")
    _compare(executor.asked, call)
    if call["content"] is not None and taken:
        for problem in _unknown(taken[-1].data, call["content"], ""):
            _refuse(f"answer: {problem}")


def _arguments(method: Any, call: Json) -> Json:
    """By the SDK's names: the ids of the path in their order, then the query's."""
    parameters = inspect.signature(method).parameters
    required = [name for name, it in parameters.items() if it.default is it.empty]
    parts = urlsplit(call["target"])
    template = re.findall(r"/(?:groups|users)/(?!rules)([^/]+)", parts.path)
    if len(template) != len(required):
        _refuse(f"request: {call['target']} has not the ids {', '.join(required)}")
    found: Json = dict(zip(required, map(unquote, template), strict=True))
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if _snake(name) in found or _snake(name) not in parameters:
            _refuse(f"request: no parameter {name}, or twice")
        found[_snake(name)] = _typed(name, value, str(parameters[_snake(name)].annotation))
    return found


def _typed(name: str, value: str, annotation: str) -> Any:
    if re.search(r"\bbool\b", annotation):
        if value not in {"true", "false"}:
            _refuse(f"request: {name} is neither true nor false")
        return value == "true"
    if re.search(r"\bint\b", annotation):
        if not value.isdecimal():
            _refuse(f"request: {name} is no number")
        return int(value)
    return value


def _read(read: Any, response: Any, types: Json) -> Any:
    status = str(response.status)
    if status not in types:
        _refuse(f"answer: {status} is not documented, only {', '.join(types)}")
    try:
        return read(response_data=response, response_types_map=types)
    except ApiException as error:
        if error.data is None:
            _refuse(f"answer: {error.__context__}")
        return error
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        _refuse(f"answer: {error}")


def _compare(asked: tuple[str, str] | None, call: Json) -> None:
    if asked is None:
        _refuse("request: the SDK makes none")
    theirs, ours = urlsplit(asked[1]), urlsplit(call["target"])
    same = (
        asked[0] == call["method"]
        and unquote(theirs.path) == unquote(ours.path)
        and sorted(parse_qsl(theirs.query)) == sorted(parse_qsl(ours.query))
    )
    if not same:
        _refuse(f"request: the SDK asks {asked[0]} {asked[1].removeprefix(_BASE)}")


def _unknown(read: Any, content: Any, where: str) -> list[str]:
    """Fields of ours that the SDK's model has no place for."""
    read = getattr(read, "actual_instance", None) or read
    if isinstance(content, list) and isinstance(read, list):
        return [it for pair in zip(read, content, strict=True) for it in _unknown(*pair, where)]
    if not isinstance(read, BaseModel) or not isinstance(content, dict):
        return []
    fields = {it.alias or name: name for name, it in type(read).model_fields.items()}
    if "additional_properties" in fields:
        content = {name: it for name, it in content.items() if name in fields}
    found = [f"no field {where}{name}" for name in content if name not in fields]
    for name in content.keys() & fields.keys():
        found += _unknown(getattr(read, fields[name]), content[name], f"{where}{name}.")
    return found


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name).lower()


if __name__ == "__main__":
    main()
