"""Merkle trees as RFC 6962 (section 2.1) has them, grown without keeping the leaves.

A `Frontier` is all that must be remembered of a tree to go on growing it: its size and the roots of
its complete subtrees. From it and the leaves that came since, every proof about these leaves, and
that the new tree begins with the old one, can be made.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """The tree so far: `peaks` are the roots of its complete subtrees, the largest first."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.peaks) != self.size.bit_count():
            message = f"a tree of {self.size} leaves has {self.size.bit_count()} peaks"
            raise ValueError(message)

    def grown(self, leaves: Iterable[bytes]) -> Self:
        """With these leaf hashes appended."""
        size, peaks = self.size, list(self.peaks)
        for leaf in leaves:
            peaks.append(leaf)
            size += 1
            rest = size
            while not rest & 1:
                right = peaks.pop()
                peaks.append(node_hash(peaks.pop(), right))
                rest >>= 1
        return type(self)(size, tuple(peaks))

    def root(self) -> bytes:
        if not self.peaks:
            return EMPTY_ROOT
        *others, root = self.peaks
        for peak in reversed(others):
            root = node_hash(peak, root)
        return root


@dataclass(slots=True)
class Growth:
    """A tree that `before` has become by `leaves`: the proofs that can be made of that."""

    before: Frontier
    leaves: Sequence[bytes]
    _known: dict[tuple[int, int], bytes] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._known, start = {}, 0
        for bit in range(self.before.size.bit_length() - 1, -1, -1):
            if self.before.size >> bit & 1:
                end = start + (1 << bit)
                self._known[start, end] = self.before.peaks[len(self._known)]
                start = end

    @property
    def size(self) -> int:
        return self.before.size + len(self.leaves)

    def inclusion(self, index: int) -> list[bytes]:
        """The audit path of one of the new leaves, from its sibling upwards."""
        if not self.before.size <= index < self.size:
            message = f"leaf {index} is none of the new ones"
            raise IndexError(message)
        path: list[bytes] = []
        start, end = 0, self.size
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                path.append(self._range(middle, end))
                end = middle
            else:
                path.append(self._range(start, middle))
                start = middle
        return path[::-1]

    def consistency(self) -> list[bytes]:
        """That the tree begins with `before`; empty if either of them is."""
        old, start, end = self.before.size, 0, self.size
        proof: list[bytes] = []
        if old in {0, end}:
            return proof
        whole = True
        while old != end:
            middle = start + _split(end - start)
            if old <= middle:
                proof.append(self._range(middle, end))
                end = middle
            else:
                proof.append(self._range(start, middle))
                start, whole = middle, False
        if not whole:
            proof.append(self._range(start, end))
        return proof[::-1]

    def _range(self, start: int, end: int) -> bytes:
        if end - start == 1 and start >= self.before.size:
            return self.leaves[start - self.before.size]
        found = self._known.get((start, end))
        if found is None:
            middle = start + _split(end - start)
            found = node_hash(self._range(start, middle), self._range(middle, end))
            self._known[start, end] = found
        return found


def includes(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether the path shows the leaf at its place in the tree (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last, found = index, size - 1, leaf
    for sibling in path:
        if not last:
            return False
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    return not last and found == root


def extends(old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows that the tree begins with the old one (RFC 9162, 2.1.4.2)."""
    if not 0 <= old_size <= size:
        return False
    if old_size in {0, size}:
        return old_root == (root if old_size == size else EMPTY_ROOT) and not proof
    rest = list(proof)
    if old_size & (old_size - 1) == 0:
        rest.insert(0, old_root)
    if not rest:
        return False
    node, last = old_size - 1, size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = rest.pop(0)
    for sibling in rest:
        if not last:
            return False
        if node & 1 or node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        node, last = node >> 1, last >> 1
    return not last and old == old_root and new == root


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1
