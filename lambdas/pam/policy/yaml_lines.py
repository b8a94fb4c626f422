"""YAML that remembers its lines, and refuses a key given twice (plain YAML takes the last)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import yaml


@dataclass(frozen=True)
class LocatedYaml:
    data: Any
    _root: yaml.Node | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises yaml.MarkedYAMLError for a syntax error or a duplicate key."""
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        _refuse_duplicates(root)
        return cls(yaml.safe_load(text), root)

    def line(self, path: Sequence[str | int]) -> int:
        """The line of the value at `path`, or of its nearest parent that the file has. From 1.

        Parts that the file does not have (a union's tag, a missing key) are passed over.
        """
        node, line = self._root, 1
        for part in path:
            node, line = _child(node, part) or (node, line)
        return line


def _child(node: yaml.Node | None, part: str | int) -> tuple[yaml.Node, int] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == part:
                return value, key.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        value = node.value[part]
        return value, value.start_mark.line + 1
    return None


def _refuse_duplicates(node: yaml.Node | None) -> None:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_duplicates(item)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"{key.value!r} is given twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
            _refuse_duplicates(value)
