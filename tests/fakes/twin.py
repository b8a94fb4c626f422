"""A world that is copied whole, so that many things can happen to what was told once.

Copies share what nobody changes: values, records (whose hash would break), policies, code. All else
is the copy's own, and what stood in two places of a world is one thing in the copy, too.
"""

from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import partial
from types import FunctionType, MethodType
from typing import Any, TypeVar, cast

from pam.policy.cedar import CedarPolicy

World = TypeVar("World")
Memo = dict[int, Any]
Copy = Callable[[Any, Memo], Any]


def twin(world: World) -> World:
    """A world in which everything is as it is now, and whose changes leave this one alone."""
    made: World = _of(world, {})
    return made


def copied_into(made: object, attributes: Mapping[str, Any], memo: Memo) -> None:
    """Gives it copies of these. What is in `memo`, by its `id`, has its copy already there."""
    for name, each in attributes.items():
        object.__setattr__(made, name, _of(each, memo))


_NOBODY_CHANGES = frozenset({str, int, bool, float, bytes, datetime, timedelta, type(None)})
"""Most of what is in a world: so much is not worth a call each."""


def _of(value: Any, memo: Memo) -> Any:
    if type(value) in _NOBODY_CHANGES:
        return value
    how = _HOW.get(type(value))
    if how is None:
        how = _HOW[type(value)] = _how(type(value))
    return how(value, memo)


def _shared(value: Any, memo: Memo) -> Any:
    del memo
    return value


def _dict(value: dict[Any, Any], memo: Memo) -> Any:
    if "previous_hash" in value:
        return value
    known = memo.get(id(value))
    if known is None:
        known = memo[id(value)] = type(value)()
        known.update(
            {
                key: each if type(each) in _NOBODY_CHANGES else _of(each, memo)
                for key, each in value.items()
            }
        )
    return known


def _list(value: list[Any], memo: Memo) -> Any:
    known = memo.get(id(value))
    if known is None:
        known = memo[id(value)] = []
        known += [_of(each, memo) for each in value]
    return known


def _deque(value: "deque[Any]", memo: Memo) -> Any:
    known = memo.get(id(value))
    if known is None:
        known = memo[id(value)] = deque(maxlen=value.maxlen)
        known.extend(_of(each, memo) for each in value)
    return known


def _set(value: set[Any], memo: Memo) -> Any:
    """Of values, as whatever can be in a set."""
    if id(value) not in memo:
        memo[id(value)] = set(value)
    return memo[id(value)]


def _tuple(value: tuple[Any, ...], memo: Memo) -> Any:
    return tuple(_of(each, memo) for each in value)


def _method(value: MethodType, memo: Memo) -> Any:
    return MethodType(value.__func__, _of(value.__self__, memo))


def _partial(value: "partial[Any]", memo: Memo) -> Any:
    given = (_of(each, memo) for each in value.args)
    named = {name: _of(each, memo) for name, each in value.keywords.items()}
    return partial(_of(value.func, memo), *given, **named)


def _object(value: Any, memo: Memo) -> Any:
    if id(value) not in memo:
        memo[id(value)] = made = object.__new__(type(value))
        for name, each in vars(value).items():
            whole = each if type(each) in _NOBODY_CHANGES else _of(each, memo)
            object.__setattr__(made, name, whole)
    return memo[id(value)]


def _slotted(value: Any, memo: Memo) -> Any:
    if id(value) not in memo:
        memo[id(value)] = made = object.__new__(type(value))
        for name in _slots(type(value)):
            if hasattr(value, name):
                object.__setattr__(made, name, _of(getattr(value, name), memo))
    return memo[id(value)]


def _slots(kind: type) -> list[str]:
    return [name for each in kind.__mro__ for name in getattr(each, "__slots__", ())]


def _function(value: FunctionType, memo: Memo) -> Any:
    del memo
    if value.__closure__:
        message = f"{value.__qualname__} holds on to its world: a method would not"
        raise TypeError(message)
    return value


def _how(kind: type) -> Copy:
    if kind.__module__.partition(".")[0] not in {"tests", "pam", "local"}:
        return _shared
    if issubclass(kind, CedarPolicy | Enum | type) or _is_frozen(kind):
        return _shared
    if kind.__dictoffset__ == 0 and is_dataclass(kind):
        return _slotted
    if kind.__dictoffset__ == 0:
        message = f"{kind} is neither a value nor an ordinary object"
        raise TypeError(message)
    return _object


def _is_frozen(kind: Any) -> bool:
    return is_dataclass(kind) and bool(cast("Any", kind).__dataclass_params__.frozen)


_HOW: dict[type, Copy] = {
    **dict.fromkeys((dict, Counter), _dict),
    list: _list,
    deque: _deque,
    set: _set,
    tuple: _tuple,
    MethodType: _method,
    FunctionType: _function,
    partial: _partial,
}
"""By type; whatever is not here is looked at once."""
