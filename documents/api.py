"""The API as people read it: each call, the fields of its objects, the codes of its refusals."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from textwrap import wrap
from typing import Any

from documents import openapi
from pam.domain.problems import PROBLEMS

_WIDTH = 140
_OBJECTS = {
    "SessionView": "session",
    "SessionPage": "`items` of sessions, `cursor`",
    "Trail": "`items` of records, `texts`, `cursor`",
    "BlockedView": "`person`, `principals`, `ended`, `items` of blocks",
    "BlockListView": "`items` of blocks",
    "MeView": "`person`, `domain`, `groups`, `principals`, `surface`, `auth`",
    "InboxView": "`votes`, `reviews`, `confirmations`: sessions, the oldest first",
    "AccessView": "`allowed`, `session_id`, `expires_at`",
    "ResourceList": "`items` of resources",
    "AwsLeaseView": "lease",
}
"""How each answer is called on the page; one that is not here is called by its model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    name: str
    takes: str
    answers: str
    meaning: str


def calls() -> list[Call]:
    """In the order in which the functions define them."""
    paths = _document()["paths"]
    found = []
    for method, path, meaning in _routes():
        described = paths[path][method]
        found.append(
            Call(
                name=f"{method.upper()} {path}",
                takes=", ".join(_takes(described)),
                answers=_answers(described),
                meaning=meaning,
            )
        )
    return found


def fields(model: str) -> str:
    """`a, b, c:{d,e}`: the fields of an object, with those of the objects in it, in lines."""
    named = f"`{', '.join(_named(_schemas()[model]))}`"
    return "\n".join(wrap(named, _WIDTH, break_long_words=False))


def leases() -> dict[str, str]:
    """The model of a lease, by its `kind`."""
    credentials = _document()["paths"]["/pam/sessions/{session_id}/credentials"]["post"]
    given = credentials["responses"]["200"]["content"]["application/json"]["schema"]
    models = [_model(each) for each in given["anyOf"]]
    return {str(_schemas()[model]["properties"]["kind"]["const"]): model for model in models}


def codes() -> list[tuple[str, ...]]:
    """Code, status and title of every problem document."""
    return [(f"`{p.code}`", str(p.status.value), p.title) for p in PROBLEMS.values()]


@cache
def _document() -> Mapping[str, Any]:
    return openapi.document()


def _schemas() -> Mapping[str, Any]:
    schemas: Mapping[str, Any] = _document()["components"]["schemas"]
    return schemas


def _routes() -> Iterator[tuple[str, str, str]]:
    """Method, path and the first sentence of what stands at each route."""
    for name in openapi.FUNCTIONS:
        for route in import_module(name).routes:
            meaning = " ".join((route.answer.__doc__ or "").split())
            yield route.method.lower(), route.path, meaning


def _takes(described: Mapping[str, Any]) -> Iterator[str]:
    for parameter in described.get("parameters", ()):
        if parameter["in"] == "header":
            yield f"header `{parameter['name'].title()}?`"
        elif parameter["in"] == "query":
            yield f"`{parameter['name']}{'' if parameter['required'] else '?'}`"
    body = described.get("requestBody")
    if body:
        model = _schemas()[_model(body["content"]["application/json"]["schema"])]
        required = model.get("required", ())
        yield from (f"`{each}{'' if each in required else '?'}`" for each in model["properties"])


def _answers(described: Mapping[str, Any]) -> str:
    status = next(status for status in described["responses"] if status.startswith("2"))
    schema = described["responses"][status]["content"]["application/json"]["schema"]
    name = _model(schema)
    return f"{status} {_OBJECTS.get(name, name)}"


def _model(schema: Mapping[str, Any]) -> str:
    """The name of the model that a schema refers to; of several, the first."""
    for each in (schema, *schema.get("anyOf", ())):
        if "$ref" in each:
            return str(each["$ref"]).rpartition("/")[2]
    return ""


def _named(model: Mapping[str, Any]) -> Iterator[str]:
    for name, schema in model["properties"].items():
        inner = _schemas().get(_model(schema))
        listed = _schemas().get(_model(schema.get("items", {})))
        if inner is not None:
            yield f"{name}:{{{', '.join(_named(inner))}}}"
        elif listed is not None:
            yield f"{name}:[{{{', '.join(_named(listed))}}}]"
        else:
            yield name
