"""Whether two worlds are the same: what happens next in one then happens in the other as well."""

import hashlib
import io
import pickle
from types import FunctionType, MappingProxyType
from typing import Any

from pam.policy.cedar import CedarPolicy


def likeness(world: object) -> bytes:
    """The same for two worlds only if all that is in them is the same, and stands as often and in
    the same places. Worlds that are alike may all the same have two, which is no harm.
    """
    written = io.BytesIO()
    _Writer(written, pickle.HIGHEST_PROTOCOL).dump(world)
    return hashlib.sha256(written.getbuffer()).digest()


class _Writer(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        """For what pickle has no bytes of: it is not read back, so a name is enough."""
        if isinstance(value, CedarPolicy):
            return str, (f"policies at {id(value)}",)
        if isinstance(value, MappingProxyType):
            return dict, (dict(value),)
        if isinstance(value, FunctionType) and value.__name__ == "<lambda>":
            if value.__closure__:
                message = f"{value.__qualname__} holds on to what is not seen here"
                raise TypeError(message)
            return str, (f"{value.__module__}, line {value.__code__.co_firstlineno}",)
        return NotImplemented
