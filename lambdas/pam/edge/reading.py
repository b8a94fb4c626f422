"""Reads what a caller sent into the values that a route takes, by what its signature says.

pydantic-core reads, by the rules of `text.py`; a schema is made of a route when the route is first
called, so no call pays for another's.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from enum import StrEnum
from functools import cache
from inspect import Parameter, signature
from types import NoneType, UnionType
from typing import Annotated, Any, Self, TypeVar, Union, cast, get_args, get_origin

from pydantic_core import SchemaValidator, ValidationError

from pam.domain.errors import FieldError, Invalid
from pam.domain.free_text import named
from pam.edge.text import Rule, Schema


class Place(StrEnum):
    """Where in a call something stands; in the order in which faults are told."""

    PATH = "path"
    QUERY = "query"
    HEADER = "header"
    BODY = "body"


@dataclass(frozen=True, slots=True)
class Sent:
    """Beside the type of a route's parameter: that it is sent, and where; by another name than its
    own if one is given.
    """

    place: Place
    name: str = ""


PATH, QUERY, BODY = Sent(Place.PATH), Sent(Place.QUERY), Sent(Place.BODY)


class Body:
    """What the body of a call may hold, and nothing else: a frozen dataclass of fields. Values of
    another JSON type are refused, not converted.
    """

    __slots__ = ()
    __pydantic_config__ = {"extra": "forbid", "strict": True}  # noqa: RUF012 - pydantic's own form

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """`given`: each field that was sent, as its rule leaves it. Raises ValueError."""
        return cls(**given)


AnyBody = TypeVar("AnyBody", bound=Body)
_PLAIN_TYPES = {bool: "bool", int: "int", str: "str"}


def read(route: Callable[..., Any], sent: Mapping[str, Any]) -> dict[str, Any]:
    """The route's arguments by name. `sent` has what came, by place and name. Raises Invalid."""
    taken = _checked(_validator(route), sent)
    return {
        name: value
        for name, (place, told) in _parameters(route).items()
        if (value := _value(taken, place, told)) is not MISSING
    }


def read_body(kind: type[AnyBody], raw: object) -> AnyBody:
    """Raises Invalid naming each wrong field."""
    body: AnyBody = _checked(_body_validator(cast("Hashable", kind)), raw)
    return body


def sent_parameters(route: Callable[..., Any]) -> Iterator[tuple[Parameter, Sent]]:
    """The parameters that a caller fills in."""
    for parameter in signature(route).parameters.values():
        for beside in get_args(parameter.annotation)[1:]:
            if isinstance(beside, Sent):
                yield parameter, beside


@cache
def _parameters(route: Callable[..., Any]) -> dict[str, tuple[Place, str]]:
    return {
        parameter.name: (sent.place, sent.name or parameter.name)
        for parameter, sent in sent_parameters(route)
    }


def _value(taken: Mapping[str, Any], place: Place, name: str) -> Any:
    if place is Place.BODY:
        return taken[place]
    return taken[place].get(name, MISSING)


@cache
def _validator(route: Callable[..., Any]) -> SchemaValidator:
    places: dict[str, Schema] = {}
    for place in Place:
        of_place = {
            sent.name or parameter.name: _field(parameter.annotation, parameter.default)
            for parameter, sent in sent_parameters(route)
            if sent.place is place
        }
        if place is not Place.BODY:
            places[place.value] = {"type": "typed-dict-field", "schema": _object(of_place)}
        for body in of_place.values() if place is Place.BODY else ():
            places[place.value] = body
    return SchemaValidator(_object(places))


@cache
def _body_validator(kind: type[Body]) -> SchemaValidator:
    return SchemaValidator(_schema(kind))


def _field(kind: Any, default: Any) -> Schema:
    """What is not sent is left to the default of whoever takes it."""
    required = default is MISSING or default is Parameter.empty
    return {"type": "typed-dict-field", "schema": _schema(kind), "required": required}


def _object(of: Mapping[str, Schema], **more: Any) -> Schema:
    return {"type": "typed-dict", "fields": dict(of), **more}


def _schema(kind: Any) -> Schema:
    """Of a type as routes and bodies have it: with a rule beside it, or None, or as it is."""
    origin, args = get_origin(kind), get_args(kind)
    if origin is Annotated:
        rules = [each.schema for each in args[1:] if isinstance(each, Rule)]
        return rules[0] if rules else _schema(args[0])
    if origin in {Union, UnionType}:
        (inner,) = (each for each in args if each is not NoneType)
        return {"type": "nullable", "schema": _schema(inner)}
    if issubclass(kind, Body):
        given = {field.name: _field(field.type, field.default) for field in fields(kind)}
        made = _object(given, extra_behavior="forbid", config={"strict": True})
        return {
            "type": "function-after",
            "function": {"type": "no-info", "function": kind.of},
            "schema": made,
        }
    if issubclass(kind, StrEnum):
        # JSON has only its text, and strict would want the member itself.
        members = {"members": list(kind), "sub_type": "str", "strict": False}
        return {"type": "enum", "cls": kind, **members}
    return {"type": _PLAIN_TYPES[kind]}


def _checked(validator: SchemaValidator, raw: object) -> Any:
    try:
        return validator.validate_python(raw)
    except ValidationError as error:
        raise invalid(error.errors(include_url=False)) from None


def invalid(errors: Any) -> Invalid:
    """From pydantic's errors, without the values: those may be anything, and are not echoed.

    The names that the caller made up are told to them, and stand in no record.
    """
    errors = list(errors)
    told = errors[:_MOST_ERRORS]
    found = tuple(FieldError(field=_name(error["loc"]), message=_message(error)) for error in told)
    left_out = [f"and {len(errors) - len(told)} more"] if len(errors) > len(told) else []
    return Invalid(
        "; ".join([*(f"{fault.field}: {fault.message}" for fault in found), *left_out]),
        errors=found,
        recorded="; ".join([*_recorded(told, found), *left_out]),
    )


def _recorded(errors: list[Any], found: tuple[FieldError, ...]) -> Iterator[str]:
    for error, fault in zip(errors, found, strict=True):
        made_up = error["type"] == "extra_forbidden"
        yield (
            "a field that this call does not have" if made_up else f"{fault.field}: {fault.message}"
        )


def _name(loc: tuple[Any, ...]) -> str:
    parts = [str(part) for part in loc]
    if parts and parts[0] in set(Place) and len(parts) > 1:
        parts = parts[1:]
    return named(".".join(parts)) or "body"


_MOST_ERRORS = 10
_PLAIN = {
    "extra_forbidden": "is not a field of this call",
    "missing": "is required",
    "dict_type": "must be a JSON object",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
}
"""What a caller is told, by pydantic's type of error."""


def _message(error: Any) -> str:
    if error["type"] == "string_too_short" and error["ctx"]["min_length"] == 1:
        return "must not be empty"
    plain = _PLAIN.get(error["type"])
    if plain is not None:
        return plain.format(**error.get("ctx", {}))
    return str(error["msg"]).removeprefix("Value error, ")[:300]
