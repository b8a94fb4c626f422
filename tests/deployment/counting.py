"""What a session writes, in DynamoDB's units: counted at a table in memory, as DynamoDB counts."""

import math
from dataclasses import dataclass
from typing import Any

from pam.aws.attribute_values import from_item
from pam.names import INDEX_KEYS, shown_by_index
from tests.contract.conftest import TABLE

_KB = 1024
_BASE = ("pk", "sk")
_BATCH_READ = 4096


@dataclass
class Counting:
    """A client that passes everything on. AWS: a transaction costs two units for each kB begun of
    each item, a plain write one; an index costs one for each kB begun of each entry that is put
    or removed, and nothing where what it holds stays as it was.
    """

    client: Any
    table_units: int = 0
    index_units: int = 0
    read_units: float = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def transact_write_items(self, **arguments: Any) -> Any:
        before = [self._before(each) for each in arguments["TransactItems"]]
        answer = self.client.transact_write_items(**arguments)
        for each, old in zip(arguments["TransactItems"], before, strict=True):
            (action,) = each.values()
            new = action.get("Item")
            self.table_units += 2 * _units(new or old)
            if action["TableName"] == TABLE:
                self.index_units += _of_indexes(old, new)
        return answer

    def put_item(self, **arguments: Any) -> Any:
        self.table_units += _units(arguments["Item"])
        return self.client.put_item(**arguments)

    def get_item(self, **arguments: Any) -> Any:
        answer = self.client.get_item(**arguments)
        self.read_units += max(1, math.ceil(_size(answer.get("Item") or {}) / _BATCH_READ))
        return answer

    def _before(self, write: Any) -> Any:
        (action,) = write.values()
        key = action.get("Key") or {name: action["Item"][name] for name in _BASE}
        return self.client.get_item(TableName=action["TableName"], Key=key).get("Item")


def _units(item: Any) -> int:
    return max(1, math.ceil(_size(item or {}) / _KB))


def _of_indexes(old: Any, new: Any) -> int:
    units = 0
    for index, keys in INDEX_KEYS.items():
        shown = shown_by_index(index)
        was, is_now = _entry(old, keys, shown), _entry(new, keys, shown)
        if was == is_now:
            continue
        moved = bool(was and is_now) and any(was[key] != is_now[key] for key in keys)
        units += _units(is_now or was) + (_units(was) if moved else 0)
    return units


def _entry(item: Any, keys: tuple[str, str], shown: tuple[str, ...] | None) -> Any:
    if not item or not set(keys) <= item.keys():
        return None
    held = item.keys() if shown is None else {*_BASE, *keys, *shown}
    return {name: value for name, value in item.items() if name in held}


def _size(item: Any) -> int:
    """Names and values, UTF-8, as DynamoDB counts them but for a few bytes."""
    return sum(len(name.encode()) + _of(value) for name, value in from_item(item).items())


def _of(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, dict):
        return 3 + sum(1 + len(name.encode()) + _of(each) for name, each in value.items())
    if isinstance(value, list):
        return 3 + sum(1 + _of(each) for each in value)
    return len(str(value)) // 2 + 1
