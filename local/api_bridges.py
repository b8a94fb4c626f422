"""Where the emulator's API Gateway differs from AWS's; see `bridges.py`."""

from typing import Any

from local.patching import existing


def build_all() -> None:
    a_refused_caller_gets_the_gateway_response()
    the_caller_does_not_say_where_from()


def a_refused_caller_gets_the_gateway_response() -> None:
    """Whom IAM does not let in gets the API's ACCESS_DENIED response in AWS, and the error of some
    other service in the emulator.
    """
    from ministack.core import iam_evaluator
    from ministack.services import apigateway_v1

    enforce = existing(iam_evaluator, "enforce")
    responses = existing(apigateway_v1, "_AUTHENTICATION_GATEWAY_ERRORS")
    responses["AccessDenied"] = ("ACCESS_DENIED", "AccessDeniedException")

    def as_gateway_error(key: str, action: str, *given: Any, **named: Any) -> Any:
        denied = enforce(key, action, *given, **named)
        if action != "execute-api:Invoke" or denied is None:
            return denied
        if isinstance(denied, iam_evaluator.AuthError):
            return denied
        message = f"User: {denied.principal_arn} is not authorized to perform: {action}"
        return iam_evaluator.AuthError("AccessDenied", message)

    iam_evaluator.enforce = as_gateway_error


def the_caller_does_not_say_where_from() -> None:
    """`identity.sourceIp` is the other end of the connection in AWS; in the emulator it is what the
    caller writes into `X-Forwarded-For`, if anything.
    """
    from ministack.services import apigateway_v1

    handle = existing(apigateway_v1, "handle_execute")

    async def handle_execute(
        api_id: str, stage: str, method: str, path: str, headers: dict[str, Any], *rest: Any
    ) -> Any:
        kept = {name: value for name, value in headers.items() if name != "x-forwarded-for"}
        return await handle(api_id, stage, method, path, kept, *rest)

    apigateway_v1.handle_execute = handle_execute
