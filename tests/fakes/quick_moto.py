"""Moto's DynamoDB, quicker, and for one call at a time: what it answers and keeps is the same.

Items of a table are answered as they lie there. Moto looks for each of the ten types of an
attribute, and for each member of an answer, under each of four names, which is half of what a call
of it takes. What a transaction may have to be undone to is a copy of what the transaction changes,
and not of the tables with all that describes them. What is found out by names alone is found out
once.

DynamoDB looks at a condition and writes in one step. Moto does not: of two calls at the same time
both may find it met, and a transaction that fails takes back what others wrote meanwhile.
"""

import copy
from collections import defaultdict
from collections.abc import Mapping
from contextvars import ContextVar
from functools import cache
from threading import RLock
from typing import Any

from botocore import hooks, useragent
from botocore.hooks import EventAliaser
from moto.core import responses
from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb import models
from moto.dynamodb.models import DynamoDBBackend, Table
from moto.dynamodb.responses import DynamoHandler

_STRUCTURE = BaseJSONSerializer._serialize_type_structure
_MAP = BaseJSONSerializer._serialize_type_map
_TRANSACT = DynamoDBBackend.transact_write_items
_CALL = DynamoHandler.call_action
_ONE_AT_A_TIME = RLock()
_METHODS = cache(responses.method_names_from_class)
"""Moto looks through the whole class, with what it inherits, for each call."""
_SANITIZED = cache(useragent.sanitize_user_agent_string_component)
"""Botocore looks at each letter of who calls, for each call."""
_ALIASER = EventAliaser.__init__
_ALIASES: dict[str, str] = {}
"""What botocore calls events that have an old name, whichever client first told one."""
_in_place: ContextVar[frozenset[str]] = ContextVar("in_place", default=frozenset())
"""Tables whose items the transaction at hand changes where they lie."""


def hasten() -> None:
    """For this process; to do it twice is to do it once."""
    BaseJSONSerializer._serialize_type_structure = _structure
    BaseJSONSerializer._serialize_type_map = _map
    DynamoDBBackend.transact_write_items = _transact
    DynamoHandler.call_action = _alone
    models.copy = _Copies
    responses.method_names_from_class = _METHODS
    useragent.sanitize_user_agent_string_component = _SANITIZED
    EventAliaser.__init__ = _aliaser


def _aliaser(
    of: EventAliaser, event_emitter: Any, event_aliases: dict[str, str] | None = None
) -> None:
    _ALIASER(of, event_emitter, event_aliases)
    if event_aliases is None or event_aliases == hooks.EVENT_ALIASES:
        of._alias_name_cache = _ALIASES


def _is_plain(value: Any) -> bool:
    """Whether it is an attribute's value as JSON has it."""
    if type(value) is not dict or len(value) != 1:
        return False
    ((kind, it),) = value.items()
    match kind:
        case "S" | "N":
            plain = type(it) is str
        case "BOOL" | "NULL":
            plain = type(it) is bool
        case "M":
            plain = type(it) is dict and all(map(_is_plain, it.values()))
        case "L":
            plain = type(it) is list and all(map(_is_plain, it))
        case _:
            plain = False
    return plain


def _structure(of: Any, into: Any, value: Any, shape: Any, key: str) -> None:
    if shape.name == "AttributeValue" and _is_plain(value):
        of._default_serialize(into, value, shape, key)
        return
    dynamodb = of.operation_model.service_model.service_name == "dynamodb"
    if not dynamodb or type(value) is not dict or not value.keys() <= shape.members.keys():
        _STRUCTURE(of, into, value, shape, key)
        return
    whole = of.MAP_TYPE() if key else into
    for name, member in shape.members.items():
        if value.get(name) is not None:
            member.parent = shape
            of._serialize(whole, value[name], member, name)
    if key:
        of._default_serialize(into, whole, shape, key)


def _map(of: Any, into: Any, value: Any, shape: Any, key: str) -> None:
    items = shape.value.name == "AttributeValue" and type(value) is dict
    if items and all(map(_is_plain, value.values())):
        of._default_serialize(into, value, shape, key)
        return
    _MAP(of, into, value, shape, key)


def _transact(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
    changed = frozenset(
        str(asked["TableName"])
        for item in transact_items
        for act, asked in item.items()
        if act not in {"ConditionCheck", "Put", "Delete"} and "TableName" in asked
    )
    mark = _in_place.set(changed)
    try:
        _TRANSACT(backend, transact_items)
    finally:
        _in_place.reset(mark)


def _alone(handler: DynamoHandler) -> Any:
    with _ONE_AT_A_TIME:
        return _CALL(handler)


class _Copies:
    """The module `copy`, as far as moto's DynamoDB uses it."""

    @staticmethod
    def deepcopy(value: Any) -> Any:
        if not isinstance(value, Table) or value.stream_shard is not None:
            return copy.deepcopy(value)
        rows: Mapping[Any, Any] = value.items
        if value.name in _in_place.get() or not value.has_range_key:
            kept = copy.deepcopy(rows)
        else:
            # A put and a delete exchange items, they do not change one.
            kept = defaultdict(dict, {place: dict(items) for place, items in rows.items()})
        made = copy.copy(value)
        made.items = kept
        return made
