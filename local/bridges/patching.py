"""Changing the emulator from outside, in a way that a newer emulator cannot quietly undo."""

from typing import Any


class BridgeError(Exception):
    """The emulator is not the one that a bridge was built for."""


def existing(owner: Any, name: str) -> Any:
    """`owner.name`; a bridge whose far bank is gone must fail, not do nothing."""
    found = getattr(owner, name, None)
    if found is None:
        message = f"{owner.__name__}.{name} is gone; this bridge no longer fits the emulator"
        raise BridgeError(message)
    return found
