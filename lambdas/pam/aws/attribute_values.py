"""Plain values as DynamoDB's typed ones, and back: `{"S": "text"}`.

Not boto3's own serializer: to import that loads boto3, with its resources and file transfers, into
every function, which takes longer than all of PAM's own code.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any


def to_item(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Of texts, numbers (no floats), truths, nothing, bytes, and lists and maps of these.

    Raises TypeError for anything else.
    """
    return {name: _typed(value) for name, value in plain.items()}


def from_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers are Decimal, since DynamoDB's are."""
    return {name: _plain(value) for name, value in item.items()}


def _typed(value: Any) -> dict[str, Any]:  # noqa: PLR0911 - one a type
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int() | Decimal():
            return {"N": str(value)}
        case bytes():
            return {"B": value}
        case list() | tuple():
            return {"L": [_typed(each) for each in value]}
        case Mapping():
            return {"M": to_item(value)}
    message = f"DynamoDB is given no {type(value).__name__}"
    raise TypeError(message)


def _plain(typed: Mapping[str, Any]) -> Any:  # noqa: PLR0911 - one a type
    """Sets too, though PAM writes none: an item may be another's."""
    ((kind, value),) = typed.items()
    match kind:
        case "S" | "BOOL" | "B":
            return value
        case "NULL":
            return None
        case "N":
            return Decimal(value)
        case "L":
            return [_plain(each) for each in value]
        case "M":
            return from_item(value)
        case "SS" | "BS":
            return set(value)
        case "NS":
            return {Decimal(each) for each in value}
    message = f"no type of DynamoDB: {kind}"
    raise TypeError(message)
