"""The one way in which calls that do not wait for each other are made at once.

A thread for each but the last, gone when all have answered, so that nothing goes on while a
function sleeps. Clients of AWS may be shared by threads.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar, overload

AT_ONCE = 10
"""How many calls go side by side: botocore's own number of connections."""

_A = TypeVar("_A")
_B = TypeVar("_B")
_C = TypeVar("_C")
_D = TypeVar("_D")


@overload
def side_by_side(a: Callable[[], _A], b: Callable[[], _B], /) -> tuple[_A, _B]: ...
@overload
def side_by_side(
    a: Callable[[], _A], b: Callable[[], _B], c: Callable[[], _C], /
) -> tuple[_A, _B, _C]: ...
@overload
def side_by_side(
    a: Callable[[], _A], b: Callable[[], _B], c: Callable[[], _C], d: Callable[[], _D], /
) -> tuple[_A, _B, _C, _D]: ...
def side_by_side(*calls: Callable[[], Any]) -> tuple[Any, ...]:
    """What each answers, once all have. If some raise, the first of them in this order is heard."""
    return tuple(in_order(lambda call: call(), calls))


def in_order(act: Callable[[_A], _B], things: Sequence[_A]) -> list[_B]:
    """The same for one act on many things."""
    answers, errors = outcomes(act, things)
    for error in errors:
        raise error
    return answers


def outcomes(
    act: Callable[[_A], _B], things: Sequence[_A], *, at_once: int = 0
) -> tuple[list[_B], list[BaseException]]:
    """Does each, whatever becomes of the others: what came of it, and what went wrong. `at_once`
    bounds how many are under way; 0: as many as a client has connections.
    """
    most = min(at_once or AT_ONCE, len(things))
    if most < 2:  # noqa: PLR2004 - one after the other
        done = [_done_here(act, thing) for thing in things]
    else:
        # One of them is this thread's own.
        with ThreadPoolExecutor(most - 1) as pool:
            done = [pool.submit(act, thing) for thing in things[:-1]]
            done.append(_done_here(act, things[-1]))
    errors = [error for one in done if (error := one.exception()) is not None]
    return [one.result() for one in done if one.exception() is None], errors


def _done_here(act: Callable[[_A], _B], thing: _A) -> "Future[_B]":
    made: Future[_B] = Future()
    try:
        made.set_result(act(thing))
    except BaseException as error:  # noqa: BLE001 - what a thread of the pool does with it, too
        made.set_exception(error)
    return made
