"""Where the emulator's SQS differs from AWS's; see `__init__.py`."""

from typing import Any

from local.bridges.patching import existing

_BATCH = "Batch"


def build_all() -> None:
    many_at_once_take_the_right_to_one()


def many_at_once_take_the_right_to_one() -> None:
    """SQS has no right to `SendMessageBatch` and its like: whoever may send, delete or put back one
    message may do so with ten. The emulator asks for a right that a policy cannot give.
    """
    from ministack.core import iam_actions

    extract = existing(iam_actions, "extract_iam_action")

    def extract_iam_action(service: str, *given: Any, **named: Any) -> Any:
        action = extract(service, *given, **named)
        if isinstance(action, str) and action.startswith("sqs:"):
            return action.removesuffix(_BATCH)
        return action

    iam_actions.extract_iam_action = extract_iam_action
