"""Plain values and DynamoDB's typed ones: as boto3's own serializer has them."""

from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from pam.aws.attribute_values import from_item, to_item

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.text()
    | st.binary()
    | st.integers(min_value=-(10**30), max_value=10**30)
    | st.decimals(min_value=-(10**9), max_value=10**9, places=6),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(min_size=1), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_a_value_is_written_as_boto3_writes_it_and_read_back_as_it_was(value: Any) -> None:
    item = to_item({"it": value})
    assert item == {"it": TypeSerializer().serialize(value)}
    assert from_item(item) == {"it": value}


@pytest.mark.parametrize(
    "typed", [{"SS": ["a", "b"]}, {"NS": ["1", "2.5"]}, {"N": "1E+3"}, {"NULL": True}]
)
def test_what_others_may_have_written_is_read_as_boto3_reads_it(typed: Any) -> None:
    assert from_item({"it": typed}) == {"it": TypeDeserializer().deserialize(typed)}


@pytest.mark.parametrize("value", [1.5, {1, 2}, object(), [{"deep": 0.1}]])
def test_what_dynamodb_has_no_exact_type_for_is_not_written(value: Any) -> None:
    with pytest.raises(TypeError):
        to_item({"it": value})


@pytest.mark.parametrize("typed", [{}, {"X": "a"}, {"S": "a", "N": "1"}])
def test_what_is_no_typed_value_is_not_read(typed: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        from_item({"it": typed})


def test_a_whole_number_is_a_decimal_when_it_comes_back() -> None:
    assert isinstance(from_item(to_item({"it": 7}))["it"], Decimal)
