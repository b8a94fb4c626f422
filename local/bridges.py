"""Where the emulator differs from AWS, it is bridged here, so that the app need not know.

Each bridge names the difference, and fails loudly if what it changes is no longer there: a newer
emulator may have closed the gap, and then the bridge must go.
"""

import contextvars
import dataclasses
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs


class BridgeError(Exception):
    """The emulator is not the one that this bridge was built for."""


def build_all() -> None:
    source_identity_in_trust_policies()
    task_tokens_belong_to_a_state_machine()


def source_identity_in_trust_policies() -> None:
    """AWS shows `sts:SourceIdentity` to a role's trust policy, and lets a caller set one only if
    that policy allows `sts:SetSourceIdentity`. The emulator knows neither."""
    from ministack.core import iam_evaluator
    from ministack.services import sts

    handle = _existing(sts, "handle_request")
    evaluate = _existing(iam_evaluator, "evaluate_trust_policy")
    wanted: contextvars.ContextVar[str | None] = contextvars.ContextVar("wanted", default=None)

    async def handle_request(
        method: str, path: str, headers: Any, body: Any, query_params: Any
    ) -> Any:
        text = body.decode() if isinstance(body, bytes) else str(body or "")
        token = wanted.set((parse_qs(text).get("SourceIdentity") or [None])[0])
        try:
            return await handle(method, path, headers, body, query_params)
        finally:
            wanted.reset(token)

    def evaluate_trust_policy(trust: Any, caller_arn: str, context: Any = None) -> bool:
        identity = wanted.get()
        if context is None or identity is None:
            return bool(evaluate(trust, caller_arn, context))
        keys = {**context.service_context, "sts:sourceidentity": identity}
        seen = dataclasses.replace(context, service_context=keys)
        setting = dataclasses.replace(seen, action="sts:SetSourceIdentity")
        return bool(evaluate(trust, caller_arn, seen) and evaluate(trust, caller_arn, setting))

    sts.handle_request = handle_request
    iam_evaluator.evaluate_trust_policy = evaluate_trust_policy


def task_tokens_belong_to_a_state_machine() -> None:
    """AWS authorises SendTaskSuccess and SendTaskFailure on the state machine that the token came
    from. The emulator asks for them on `*`, which no function of ours is given."""
    from ministack.core import iam_actions
    from ministack.services import stepfunctions

    extract = _existing(iam_actions, "extract_resource_arn")
    machines = _existing(stepfunctions, "_state_machines")

    def extract_resource_arn(
        service: str, method: str, path: str, headers: Any, body: Any, *rest: Any
    ) -> Any:
        if service == "states" and _names_a_token(body):
            arns = [str(arn) for arn in machines]
            if len(arns) == 1:
                return arns[0]
        return extract(service, method, path, headers, body, *rest)

    iam_actions.extract_resource_arn = extract_resource_arn


def _names_a_token(body: Any) -> bool:
    try:
        return "taskToken" in json.loads(body or b"{}")
    except (ValueError, TypeError):
        return False


def _existing(module: Any, name: str) -> Callable[..., Any] | Any:
    found = getattr(module, name, None)
    if found is None:
        message = f"{module.__name__}.{name} is gone; this bridge no longer fits the emulator"
        raise BridgeError(message)
    return found
