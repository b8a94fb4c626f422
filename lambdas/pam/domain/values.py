"""Values with named fields, of which there are many kinds and few are made.

Such a class is written as a frozen, keyword-only dataclass is, and costs nothing to define. A
dataclass compiles its methods whenever its module is loaded: fifteen settings and as many messages
of which a function makes one were a tenth of its start.
"""

from inspect import get_annotations
from typing import Any, dataclass_transform


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Value:
    """Equal to another of the very same class with the same values. No field has a default."""

    def __init__(self, **given: Any) -> None:
        """Raises TypeError unless each field is given, and nothing else."""
        names = self.field_names()
        if given.keys() != set(names):
            message = f"{type(self).__name__} has the fields {', '.join(names) or 'none'}"
            raise TypeError(message)
        self.__dict__.update(given)

    @classmethod
    def field_names(cls) -> tuple[str, ...]:
        """Those of the classes that it comes from first."""
        return tuple(name for base in reversed(cls.__mro__) for name in get_annotations(base))

    def as_dict(self) -> dict[str, Any]:
        return {name: self.__dict__[name] for name in self.field_names()}

    def __setattr__(self, name: str, value: object) -> None:
        message = f"{type(self).__name__} does not change"
        raise AttributeError(message)

    def __delattr__(self, name: str) -> None:
        self.__setattr__(name, None)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), *self.as_dict().values()))

    def __repr__(self) -> str:
        told = ", ".join(f"{name}={value!r}" for name, value in self.as_dict().items())
        return f"{type(self).__name__}({told})"
