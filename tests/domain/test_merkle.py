"""The tree against the definition of RFC 6962, written down here once more and recursively."""

import hashlib
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.domain.merkle import EMPTY_ROOT, Frontier, Growth, extends, includes, leaf_hash

Tree = tuple[bytes, ...]


def split(size: int) -> int:
    k = 1
    while k * 2 < size:
        k *= 2
    return k


@cache
def mth(entries: Tree) -> bytes:
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    k = split(len(entries))
    return hashlib.sha256(b"\x01" + mth(entries[:k]) + mth(entries[k:])).digest()


def path(m: int, entries: Tree) -> list[bytes]:
    if len(entries) == 1:
        return []
    k = split(len(entries))
    if m < k:
        return [*path(m, entries[:k]), mth(entries[k:])]
    return [*path(m - k, entries[k:]), mth(entries[:k])]


def subproof(m: int, entries: Tree, *, whole: bool) -> list[bytes]:
    if m == len(entries):
        return [] if whole else [mth(entries)]
    k = split(len(entries))
    if m <= k:
        return [*subproof(m, entries[:k], whole=whole), mth(entries[k:])]
    return [*subproof(m - k, entries[k:], whole=False), mth(entries[:k])]


@cache
def entries(size: int) -> Tree:
    return tuple(f"entry {number}".encode() for number in range(size))


@cache
def _all_leaves() -> list[bytes]:
    return [leaf_hash(entry) for entry in entries(MOST)]


def leaves(size: int) -> list[bytes]:
    return _all_leaves()[:size]


LARGEST = 70
MOST = 5_200
PAIRS = [(old, new) for new in range(LARGEST + 1) for old in range(new + 1)]


def test_the_roots_of_the_rfcs_test_tree() -> None:
    """The entries and roots that implementations of RFC 6962 share."""
    given_entries = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
    given_entries.append("606162636465666768696a6b6c6d6e6f")
    tree = Frontier().grown(leaf_hash(bytes.fromhex(entry)) for entry in given_entries)
    assert tree.root().hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


@pytest.mark.parametrize("size", range(LARGEST))
def test_a_grown_tree_has_the_root_of_the_definition(size: int) -> None:
    assert Frontier().grown(leaves(size)).root() == mth(entries(size))


def test_it_does_not_matter_in_how_many_steps_a_tree_grew() -> None:
    for old, new in PAIRS:
        grown = Frontier().grown(leaves(old)).grown(leaves(new)[old:])
        assert grown == Frontier().grown(leaves(new))


def test_proofs_are_those_of_the_definition_and_hold() -> None:
    for old, new in PAIRS:
        growth = Growth(Frontier().grown(leaves(old)), leaves(new)[old:])
        root = mth(entries(new))
        for index in range(old, new):
            proof = growth.inclusion(index)
            assert proof == path(index, entries(new))
            assert includes(leaves(new)[index], index, new, proof, root)
        consistency = growth.consistency()
        if old > 0:
            assert consistency == subproof(old, entries(new), whole=True)
        assert extends(old, mth(entries(old)), new, root, consistency)


def test_a_proof_holds_for_its_leaf_place_and_tree_only() -> None:
    for old, new in [(0, 1), (0, 7), (3, 8), (4, 13), (16, 33)]:
        growth = Growth(Frontier().grown(leaves(old)), leaves(new)[old:])
        root, other = mth(entries(new)), leaf_hash(b"another")
        for index in range(old, new):
            proof, leaf = growth.inclusion(index), leaves(new)[index]
            assert not includes(other, index, new, proof, root)
            assert not includes(leaf, index, new, proof, other)
            assert not includes(leaf, index, new, [*proof, other], root)
            assert not includes(leaf, new, new, proof, root)
            assert not includes(leaf, -1, new, proof, root)
            for at in range(len(proof)):
                assert not includes(leaf, index, new, proof[:at] + proof[at + 1 :], root)
                assert not includes(leaf, index, new, [*proof[:at], other, *proof[at + 1 :]], root)
            for elsewhere in set(range(new)) - {index}:
                assert not includes(leaf, elsewhere, new, proof, root)


def test_no_other_past_is_proven() -> None:
    for old, new in [pair for pair in PAIRS if 0 < pair[0] < pair[1]]:
        proof = Growth(Frontier().grown(leaves(old)), leaves(new)[old:]).consistency()
        old_root, root, other = mth(entries(old)), mth(entries(new)), leaf_hash(b"another")
        assert not extends(old, other, new, root, proof)
        assert not extends(old, old_root, new, other, proof)
        assert not extends(new, root, old, old_root, proof)
        assert not extends(old, old_root, new, root, [*proof, other])
        for at in range(len(proof)):
            assert not extends(old, old_root, new, root, [*proof[:at], other, *proof[at + 1 :]])
            assert not extends(old, old_root, new, root, proof[:at] + proof[at + 1 :])
    assert not extends(0, leaf_hash(b"x"), 3, mth(entries(3)), [])
    assert not extends(2, mth(entries(2)), 2, mth(entries(3)[:1]), [])


@given(st.integers(0, MOST - 200), st.integers(0, 200))
def test_trees_of_any_size_grow_consistently(old: int, more: int) -> None:
    before = Frontier().grown(leaves(old))
    growth = Growth(before, leaves(old + more)[old:])
    after = before.grown(growth.leaves)
    assert extends(old, before.root(), after.size, after.root(), growth.consistency())


def test_an_empty_tree_has_the_root_of_nothing() -> None:
    assert Frontier().root() == EMPTY_ROOT


def test_a_frontier_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="2 peaks"):
        Frontier(3, (EMPTY_ROOT,))
