"""Measures several things in turn: a machine that grows slower meanwhile does so for all."""

import time
from collections.abc import Callable, Mapping

Act = Callable[[], object]


def timed(act: Act) -> float:
    """Seconds of wall clock."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def in_turn(acts: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """What each act says it took, `rounds` times: all of them once, then all of them again."""
    taken: dict[str, list[float]] = {name: [] for name in acts}
    for _ in range(rounds):
        for name, act in acts.items():
            taken[name].append(act())
    return taken
