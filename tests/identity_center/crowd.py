"""Many people, each in a thread of their own, in one time."""

import threading
from collections.abc import Callable
from typing import Any

from tests.identity_center.scene import Centre


def people(centre: Centre, count: int) -> list[str]:
    names = [f"p{number:02d}" for number in range(count)]
    for name in names:
        centre.service.act("create_user", name=name, mail=f"{name}@bank.example")
    return names


def calls_take_time(centre: Centre) -> None:
    """As they do: else each of many is done before the next begins, and nothing is at once."""
    call = centre.service.call

    def later(service: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        centre.time.pause(0.2)
        return call(service, operation, params)

    centre.service.call = later  # type: ignore[method-assign]


def at_once(centre: Centre, acts: list[Callable[[], object]]) -> None:
    """Each in a thread of its own; none may fail."""
    faults: list[BaseException] = []
    centre.time.join(len(acts))

    def run(act: Callable[[], object]) -> None:
        try:
            act()
        except BaseException as fault:  # noqa: BLE001 - told below
            faults.append(fault)
        finally:
            centre.time.leave()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    centre.time.join(1)
    assert not [thread for thread in threads if thread.is_alive()]
    assert faults == []
