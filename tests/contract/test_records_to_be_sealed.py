"""Records to be sealed are spread over partitions, and none that lies elsewhere is lost."""

from typing import Any

import pytest

from pam.aws import table_keys
from pam.aws.attribute_values import to_item
from pam.aws.checkpoint_items import DynamoDbCheckpoints
from pam.domain.checkpoint import Leaf
from tests.contract.conftest import TABLES
from tests.fakes.roles import ids


def leaf(session_id: str, sequence: int) -> Leaf:
    return Leaf(
        session_id=session_id, sequence=sequence, event_id=f"{sequence}", record_hash="0" * 64
    )


def put(table: Any, item: dict[str, Any]) -> None:
    table.put_item(TableName=TABLES.unsealed, Item=to_item(item))


def test_records_to_be_sealed_are_spread_and_those_of_a_session_stay_in_order(table: Any) -> None:
    leaves = [leaf(each, sequence) for each in ids(64) for sequence in (1, 2)]
    for each in reversed(leaves):
        put(table, table_keys.unsealed_item(each))
    partitions = {table_keys.unsealed_key(each)["pk"] for each in leaves}
    assert len(partitions) > len(table_keys.UNSEALED_PARTITIONS) / 2
    waiting = DynamoDbCheckpoints(table, TABLES)
    found = waiting.leaves(1000)
    assert sorted(found, key=lambda each: (each.session_id, each.sequence)) == leaves
    for first, second in zip(leaves[::2], leaves[1::2], strict=True):
        assert found.index(first) < found.index(second)
    waiting.remove(found)
    assert waiting.leaves(1000) == []


def test_what_an_earlier_version_put_up_is_sealed_and_removed_as_well(table: Any) -> None:
    old, new = (leaf(each, 1) for each in ids(2))
    put(table, table_keys.unsealed_item(old) | {"pk": table_keys.UNSEALED})
    put(table, table_keys.unsealed_item(new))
    waiting = DynamoDbCheckpoints(table, TABLES)
    found = waiting.leaves(1000)
    assert set(found) == {old, new}
    waiting.remove(found)
    assert table.scan(TableName=TABLES.unsealed)["Items"] == []


@pytest.mark.guarantee("G13")
def test_room_that_other_partitions_leave_goes_to_the_one_that_is_full(table: Any) -> None:
    """Whoever fills the partition of a session puts off its sealing no longer than they must: only
    a full answer has another checkpoint made at once.
    """
    busy, *others = ids(12)
    much = [leaf(busy, sequence) for sequence in range(1, 60)]
    for each in [*much, *(leaf(other, 1) for other in others)]:
        put(table, table_keys.unsealed_item(each))
    waiting = DynamoDbCheckpoints(table, TABLES)
    found = waiting.leaves(32)
    of_busy = [each for each in found if each.session_id == busy]
    assert (len(found), of_busy) == (32, much[: len(of_busy)])
    assert len(of_busy) >= 32 - len(others)


def test_what_an_earlier_version_put_up_comes_before_what_its_session_did_later(table: Any) -> None:
    (session_id,) = ids(1)
    leaves = [leaf(session_id, sequence) for sequence in range(1, 41)]
    for old in leaves[:36]:
        put(table, table_keys.unsealed_item(old) | {"pk": table_keys.UNSEALED})
    for new in leaves[36:]:
        put(table, table_keys.unsealed_item(new))
    waiting = DynamoDbCheckpoints(table, TABLES)
    sealed: list[Leaf] = []
    while some := waiting.leaves(16):
        waiting.remove(some)
        sealed += some
    assert sealed == leaves
