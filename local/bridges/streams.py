"""Where the emulator's streams differ from AWS's; see `__init__.py`."""

import threading
from typing import Any

from local.bridges.patching import existing


def build_all() -> None:
    a_stream_goes_on_from_the_first_that_failed()


def a_stream_goes_on_from_the_first_that_failed() -> None:
    """Of a batch of a table's changes, Lambda brings again what the function says that it could not
    handle, and all behind it. The emulator takes such an answer for a success, so that the change
    is lost to the function.
    """
    from ministack.services import lambda_svc

    execute = existing(lambda_svc, "_execute_function")
    choose = existing(lambda_svc, "_apply_filter_criteria")
    positions = existing(lambda_svc, "_dynamodb_stream_positions")
    lock = existing(lambda_svc, "_dynamodb_stream_positions_lock")
    at_hand = threading.local()

    def apply_filter_criteria(records: list[dict[str, Any]], mapping: dict[str, Any]) -> Any:
        at_hand.records, at_hand.mapping = records, mapping["UUID"]
        return choose(records, mapping)

    def execute_function(function: Any, event: Any) -> Any:
        result = execute(function, event)
        failed, records = _failed(result), getattr(at_hand, "records", None)
        # Who calls a function with such an event by hand is not the stream.
        if not failed or not records or not _is_of_a_table(event):
            return result
        numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
        handled = min((numbers.index(each) for each in failed if each in numbers), default=0)
        with lock:
            positions[at_hand.mapping] += handled
        # What the emulator is told failed, it brings again in a moment.
        return {**result, "error": True, "body": {"errorType": "BatchItemFailures"}}

    lambda_svc._apply_filter_criteria = apply_filter_criteria
    lambda_svc._execute_function = execute_function


def _failed(result: Any) -> list[str]:
    """The sequence numbers that the function named."""
    body = result.get("body")
    told = body.get("batchItemFailures") if isinstance(body, dict) else None
    return [str(each["itemIdentifier"]) for each in told or ()]


def _is_of_a_table(event: Any) -> bool:
    records = event.get("Records") if isinstance(event, dict) else None
    first = records[0] if isinstance(records, list) and records else None
    return isinstance(first, dict) and first.get("eventSource") == "aws:dynamodb"
