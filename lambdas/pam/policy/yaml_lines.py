"""YAML that remembers its lines, and refuses a key given twice (plain YAML takes the last)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Self

import yaml


class _Loader(yaml.SafeLoader):
    """Says where a value stands that its tag or its form promises to be what it is not."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep=deep)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            raise yaml.MarkedYAMLError(
                problem=f"not a value of {node.tag}", problem_mark=node.start_mark
            ) from None


@dataclass(frozen=True)
class LocatedYaml:
    data: Any
    _root: yaml.Node | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises yaml.MarkedYAMLError for syntax that these files have no use for."""
        try:
            loader = _Loader(text)
            root = loader.get_single_node()
            _check(root, set())
            return cls(None if root is None else loader.construct_document(root), root)
        except yaml.reader.ReaderError as fault:
            line = text.count("\n", 0, fault.position)
            mark = yaml.Mark("", fault.position, line, 0, text, fault.position)
            problem = f"character U+{fault.character:04X} cannot stand in YAML"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark) from None
        except RecursionError:
            raise yaml.MarkedYAMLError(problem="nested too deeply") from None

    def line(self, path: Sequence[str | int]) -> int:
        """The line of the value at `path`, or of its nearest parent that the file has. From 1.

        Parts that the file does not have (a union's tag, a missing key) are passed over.
        """
        return self._find(path)[1]

    def scalar(self, path: Sequence[str | int]) -> str | None:
        """What is written at `path`, to the letter, whatever YAML takes it for; None where
        something with parts stands.
        """
        node, _ = self._find(path)
        return node.value if isinstance(node, yaml.ScalarNode) else None

    def _find(self, path: Sequence[str | int]) -> tuple[yaml.Node | None, int]:
        node, line = self._root, 1
        for part in path:
            node, line = _child(node, part) or (node, line)
        return node, line


def _child(node: yaml.Node | None, part: str | int) -> tuple[yaml.Node, int] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == part:
                return value, key.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        value = node.value[part]
        return value, value.start_mark.line + 1
    return None


def _check(node: yaml.Node | None, seen: set[int]) -> None:
    """Refuses a key given twice, one that is no text, and an alias: what it names could hold it."""
    if node is None:
        return
    if id(node) in seen:
        _refuse("an alias has no use here; write the value out", node)
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check(item, seen)
    if isinstance(node, yaml.MappingNode):
        keys: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                _refuse("a key must be text", key)
            if key.value in keys:
                _refuse(f"{key.value!r} is given twice", key)
            keys.add(key.value)
            _check(value, seen)


def _refuse(problem: str, node: yaml.Node) -> NoReturn:
    raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
