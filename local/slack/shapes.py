"""Small checks that are put together to shapes: what `limits.py` is written in.

A check takes a value, where it stands (a JSON pointer) and a list, and adds to the list what is
wrong, in Slack's own words.
"""

from collections.abc import Callable, Mapping
from typing import Any

Json = dict[str, Any]
Check = Callable[[Any, str, list[str]], None]


def length(text: str) -> int:
    """In UTF-16 units: Slack does not say how it counts, and no other count is larger."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def complain(found: list[str], what: str, where: str) -> None:
    found.append(f"{what} [json-pointer:{where}]")


def string(longest: int, shortest: int = 1) -> Check:
    def check(value: Any, where: str, found: list[str]) -> None:
        if not isinstance(value, str):
            complain(found, "must provide a string", where)
        elif length(value) > longest:
            complain(found, f"must be less than {longest + 1} characters", where)
        elif length(value) < shortest:
            complain(found, f"must be more than {shortest - 1} characters", where)

    return check


def boolean(value: Any, where: str, found: list[str]) -> None:
    if not isinstance(value, bool):
        complain(found, "must provide a boolean", where)


def anything(value: Any, where: str, found: list[str]) -> None:
    """What this Slack does not look into."""


def whole(least: int, most: int) -> Check:
    def check(value: Any, where: str, found: list[str]) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            complain(found, "must provide a number", where)
        elif not least <= value <= most:
            complain(found, f"must be between {least} and {most}", where)

    return check


def one_of(*values: str) -> Check:
    def check(value: Any, where: str, found: list[str]) -> None:
        if value not in values:
            complain(found, f"value must be one of {', '.join(values)}", where)

    return check


def items(check_item: Check, most: int, least: int = 1, unique: str | None = None) -> Check:
    """A list; `unique` names a key that no two of its items may share."""

    def check(value: Any, where: str, found: list[str]) -> None:
        if not isinstance(value, list):
            complain(found, "must provide an array", where)
            return
        if len(value) > most:
            complain(found, f"no more than {most} items allowed", where)
        if len(value) < least:
            complain(found, f"no less than {least} items allowed", where)
        seen: set[str] = set()
        for number, item in enumerate(value):
            check_item(item, f"{where}/{number}", found)
            key = item.get(unique) if unique and isinstance(item, dict) else None
            if isinstance(key, str):
                if key in seen:
                    complain(found, f"`{unique}` {key} already exists", f"{where}/{number}")
                seen.add(key)

    return check


def fields(required: Mapping[str, Check], optional: Mapping[str, Check]) -> Check:
    """An object with these keys and no others."""

    def check(value: Any, where: str, found: list[str]) -> None:
        if not isinstance(value, dict):
            complain(found, "must provide an object", where)
            return
        for name in required:
            if name not in value:
                complain(found, f"missing required field: {name}", where)
        for name, part in value.items():
            known = required.get(name) or optional.get(name)
            if known is None:
                complain(found, f"invalid additional property: {name}", where)
            elif part is None and name in required:
                complain(found, f"missing required field: {name}", where)
            elif part is not None:
                known(part, f"{where}/{name}", found)

    return check


def by_type(shapes: Mapping[str, Check]) -> Check:
    def check(value: Any, where: str, found: list[str]) -> None:
        kind = value.get("type") if isinstance(value, dict) else None
        shape = shapes.get(kind) if isinstance(kind, str) else None
        if shape is None:
            complain(found, f"unsupported type: {kind}", where)
        else:
            shape(value, where, found)

    return check
