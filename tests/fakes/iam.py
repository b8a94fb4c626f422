"""How IAM decides within one account, written from its user guide: a second opinion beside the
emulator's. It raises on whatever it does not know, so that no test passes by what it overlooks.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

Document = Mapping[str, Any]
ALL: Document = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
NOTHING: Document = {"Statement": []}
_KNOWN = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}


class Decision(StrEnum):
    ALLOWED = "allowed"
    DENIED = "explicitly denied"
    NOT_ALLOWED = "not allowed"


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request of an assumed role session."""

    action: str
    resource: str = "*"
    """`*` for an action that knows no resources."""
    at: datetime
    issued: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    """When STS gave the credentials; it tells whole seconds."""
    principal_tags: Mapping[str, str] = field(default_factory=dict)
    resource_tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def keys(self) -> dict[str, str | datetime]:
        """By name in lower case, as condition keys are compared."""
        tags = {f"aws:principaltag/{k}".lower(): v for k, v in self.principal_tags.items()}
        tags |= {f"aws:resourcetag/{k}".lower(): v for k, v in self.resource_tags.items()}
        times = {
            "aws:currenttime": self.at,
            "aws:tokenissuetime": self.issued.replace(microsecond=0),
        }
        return {**tags, **times}


def decide(
    call: Call,
    *,
    identity: Sequence[Document] = (ALL,),
    boundary: Document = ALL,
    session: Document = ALL,
    named: bool = False,
) -> Decision:
    """`named`: whether a policy of the resource allows the call to this very session, by its ARN.
    What that allows neither boundary nor session policy narrows, save by an explicit deny.
    """
    if any(_matching(document, "Deny", call) for document in (*identity, boundary, session)):
        return Decision.DENIED
    if named:
        return Decision.ALLOWED
    allowed = any(_matching(document, "Allow", call) for document in identity)
    within = all(_matching(document, "Allow", call) for document in (boundary, session))
    return Decision.ALLOWED if allowed and within else Decision.NOT_ALLOWED


def _matching(document: Document, effect: str, call: Call) -> bool:
    return any(_matches(each, call) for each in document["Statement"] if each["Effect"] == effect)


def _matches(statement: Mapping[str, Any], call: Call) -> bool:
    assert statement.keys() <= _KNOWN, statement.keys() - _KNOWN
    return (
        _covers(statement, "Action", call.action, re.IGNORECASE)
        and _covers(statement, "Resource", call.resource)
        and all(
            _holds(operator, key, wanted, call)
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def _covers(statement: Mapping[str, Any], element: str, value: str, flags: int = 0) -> bool:
    given, excluded = statement.get(element), statement.get(f"Not{element}")
    assert (given is None) != (excluded is None), f"exactly one of {element} and Not{element}"
    if given is not None:
        return any(_like(value, pattern, flags) for pattern in _list(given))
    return not any(_like(value, pattern, flags) for pattern in _list(excluded))


def _holds(operator: str, key: str, wanted: Any, call: Call) -> bool:
    """Several values of one key: one that fits is enough. A key that is not there fits none."""
    actual = call.keys.get(key.lower())
    if actual is None:
        return False
    match operator:
        case "StringEquals":
            return actual in _list(wanted)
        case "StringLike":
            return any(_like(str(actual), pattern) for pattern in _list(wanted))
        case "DateLessThan":
            return any(actual < _instant(each) for each in _list(wanted))
        case "DateGreaterThanEquals":
            return any(actual >= _instant(each) for each in _list(wanted))
        case _:
            raise AssertionError(operator)


def _like(value: str, pattern: str, flags: int = 0) -> bool:
    return _regex(pattern, flags).fullmatch(value) is not None


@lru_cache(maxsize=1000)
def _regex(pattern: str, flags: int) -> re.Pattern[str]:
    parts = {"*": ".*", "?": "."}
    regex = "".join(parts.get(each, re.escape(each)) for each in pattern)
    return re.compile(regex, flags | re.DOTALL)


def _instant(text: str) -> Any:
    return datetime.fromisoformat(text)


def _list(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else [value]
