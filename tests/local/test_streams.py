"""A table's changes that a function could not handle, as the emulator brings them again."""

from typing import Any

import pytest
from ministack.services import lambda_svc

from local.bridges import streams

MAPPING = {"UUID": "mapping"}
CHANGES = [
    {"eventSource": "aws:dynamodb", "dynamodb": {"SequenceNumber": f"{number:021d}"}}
    for number in range(5)
]
BEFORE = 40
"""Where in the stream the batch begins."""


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the function says, to be changed. The first change of a batch is not for it."""
    said: dict[str, Any] = {}
    monkeypatch.setattr(lambda_svc, "_execute_function", lambda *_: {"body": said})
    monkeypatch.setattr(lambda_svc, "_apply_filter_criteria", lambda some, _: some[1:])
    monkeypatch.setattr(lambda_svc, "_dynamodb_stream_positions", {"mapping": BEFORE})
    streams.build_all()
    return said


def delivered() -> tuple[dict[str, Any], int]:
    """What the emulator is told of the batch, and where it goes on if that is an error."""
    some = lambda_svc._apply_filter_criteria(CHANGES, MAPPING)
    result = lambda_svc._execute_function({}, {"Records": some})
    return result, lambda_svc._dynamodb_stream_positions["mapping"]


@pytest.mark.parametrize("failed", [[3], [3, 4], [4, 3]])
def test_a_stream_goes_on_from_the_first_change_that_failed(
    answers: dict[str, Any], failed: list[int]
) -> None:
    answers["batchItemFailures"] = [{"itemIdentifier": f"{number:021d}"} for number in failed]
    result, position = delivered()
    assert result["error"]
    assert position == BEFORE + 3


def test_a_batch_of_which_something_unknown_failed_comes_again_whole(
    answers: dict[str, Any],
) -> None:
    answers["batchItemFailures"] = [{"itemIdentifier": "none"}]
    result, position = delivered()
    assert result["error"]
    assert position == BEFORE


@pytest.mark.parametrize("said", [{}, {"batchItemFailures": []}])
def test_what_was_handled_is_a_success(answers: dict[str, Any], said: dict[str, Any]) -> None:
    answers |= said
    result, position = delivered()
    assert "error" not in result
    assert position == BEFORE


def test_what_comes_from_elsewhere_is_as_it_was(answers: dict[str, Any]) -> None:
    answers["batchItemFailures"] = [{"itemIdentifier": "a message"}]
    for event in ({"Records": [{"eventSource": "aws:sqs"}]}, {"Records": "all"}, [], "raise"):
        assert "error" not in lambda_svc._execute_function({}, event)


def test_who_calls_by_hand_with_such_changes_is_not_the_stream(answers: dict[str, Any]) -> None:
    answers["batchItemFailures"] = [{"itemIdentifier": CHANGES[0]["dynamodb"]["SequenceNumber"]}]
    assert "error" not in lambda_svc._execute_function({}, {"Records": CHANGES})
    assert lambda_svc._dynamodb_stream_positions["mapping"] == BEFORE
