"""What calls to DynamoDB consume, reckoned from the sizes of items by AWS's rules. They are here
because the emulator counts writes as AWS does, and each read as if it were of one small item.

A read takes half a unit for each 4 kB begun, a whole one if it is consistent; a query what all
items together come to that it looked at, a batch what each comes to. A write takes a unit for each
kB begun of the larger of old and new, two in a transaction; an index takes the same, once, for an
entry that is put or changed, and twice where it moves.
"""

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

from local.bench.rim import Seen
from pam.names import CALL_INDEX_KEYS, INDEX_KEYS, shown_by_index

_READ, _WRITE = 4096, 1024
Item = Mapping[str, Any]
_NAMED: dict[str, list[tuple[str, tuple[str, str], tuple[str, ...] | None]]] = {
    "sessions": [(name.value, keys, shown_by_index(name)) for name, keys in INDEX_KEYS.items()],
    "calls": [(name.value, keys, None) for name, keys in CALL_INDEX_KEYS.items()],
}
"""The indexes of the tables that have any, by the name that they have here."""


def units(seen: Seen) -> float:
    """Read and write units together; 0 for what is no call to a table."""
    match seen.call:
        case "dynamodb:GetItem":
            return _read([size(seen.answer.get("Item", {}))], consistent=_consistent(seen.asked))
        case "dynamodb:Query":
            return _query(seen)
        case "dynamodb:BatchGetItem":
            return _batch(seen)
        case "dynamodb:PutItem" | "dynamodb:UpdateItem":
            return sum(_written(seen.on, old, new) for old, new in seen.changes)
        case "dynamodb:TransactWriteItems":
            tables = [
                next(iter(each.values()))["TableName"] for each in seen.asked["TransactItems"]
            ]
            changes = zip(tables, seen.changes, strict=True)
            return sum(_written(table, *change, times=2) for table, change in changes)
    if seen.call.startswith("dynamodb:"):
        raise NotImplementedError(seen.call)
    return 0


def told(seen: Seen) -> float:
    """What the table itself says."""
    said = seen.answer.get("ConsumedCapacity") or []
    of_tables = [said] if isinstance(said, dict) else said
    return float(sum(each["CapacityUnits"] for each in of_tables))


def size(item: Item) -> int:
    """Bytes of an item, as DynamoDB counts names and values."""
    return sum(len(name.encode()) + _value(value) for name, value in item.items())


def _consistent(asked: Item) -> bool:
    return bool(asked.get("ConsistentRead"))


def _read(sizes: list[int], *, consistent: bool) -> float:
    return max(1, math.ceil(sum(sizes) / _READ)) * (1 if consistent else 0.5)


def _query(seen: Seen) -> float:
    items = seen.answer.get("Items", [])
    looked_at = seen.answer.get("ScannedCount", len(items))
    if looked_at > len(items):
        # Of what a filter left out the size is not known: as if it were like the rest.
        message = "a query that leaves out what it has read is no flat one"
        raise ValueError(message)
    return _read([size(item) for item in items], consistent=_consistent(seen.asked))


def _batch(seen: Seen) -> float:
    consumed = 0.0
    for table, wanted in seen.asked["RequestItems"].items():
        found = seen.answer["Responses"].get(table, [])
        consistent = _consistent(wanted)
        consumed += sum(_read([size(item)], consistent=consistent) for item in found)
        consumed += (len(wanted["Keys"]) - len(found)) * _read([], consistent=consistent)
    return consumed


def _written(table: str, old: Item | None, new: Item | None, times: int = 1) -> float:
    units_of_table = times * _write(max(size(old or {}), size(new or {})))
    return units_of_table + sum(
        _index(keys, shown, old, new) for _, keys, shown in _NAMED.get(table, [])
    )


def _write(length: int) -> int:
    return max(1, math.ceil(length / _WRITE))


def _index(
    keys: tuple[str, str], shown: tuple[str, ...] | None, old: Item | None, new: Item | None
) -> int:
    was, now = _entry(keys, shown, old), _entry(keys, shown, new)
    if was == now:
        return 0
    if was is None or now is None:
        return _write(size(was or now or {}))
    if any(was[key] != now[key] for key in keys):
        return _write(size(was)) + _write(size(now))
    return max(_write(size(was)), _write(size(now)))


def _entry(keys: tuple[str, str], shown: tuple[str, ...] | None, item: Item | None) -> Item | None:
    if not item or not set(keys) <= item.keys():
        return None
    held = item.keys() if shown is None else {"pk", "sk", *keys, *shown}
    return {name: value for name, value in item.items() if name in held}


def _value(value: Mapping[str, Any]) -> int:
    ((kind, held),) = value.items()
    match kind:
        case "S":
            return len(held.encode())
        case "N":
            return (len(held.lstrip("-0").replace(".", "")) + 1) // 2 + 1
        case "M":
            return 3 + sum(1 + len(name.encode()) + _value(each) for name, each in held.items())
        case "L":
            return 3 + sum(1 + _value(each) for each in held)
        case "BOOL" | "NULL":
            return 1
    raise NotImplementedError(kind)


def by_partition(seen: Seen) -> Counter[tuple[str, str]]:
    """Write units by where they fall: a table or an index, and the beginning of the partition key,
    up to what tells one of a kind from another.
    """
    transacted = seen.asked.get("TransactItems", [])
    tables = [next(iter(each.values()))["TableName"] for each in transacted] or [seen.on]
    found: Counter[tuple[str, str]] = Counter()
    for table, (old, new) in zip(tables, seen.changes, strict=bool(seen.changes)):
        item = new or old
        if item is None:
            continue
        own = _write(max(size(old or {}), size(new or {})))
        found[table, _kind(item, "request_id" if table == "calls" else "pk")] += (
            2 if transacted else 1
        ) * own
        for name, keys, shown in _NAMED.get(table, []):
            was, now = _entry(keys, shown, old), _entry(keys, shown, new)
            if was and now and all(was[key] == now[key] for key in keys):
                found[name, _kind(now, keys[0])] += _index(keys, shown, old, new)
            elif was != now:
                for entry in filter(None, (was, now)):
                    found[name, _kind(entry, keys[0])] += _write(size(entry))
    return found


def _kind(item: Item, key: str) -> str:
    return str(item[key]["S"]).partition("#")[0]
