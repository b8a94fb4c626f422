"""Where the emulator's API Gateway differs from AWS's; see `__init__.py`."""

import contextvars
import re
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from local.bridges.patching import existing

_call: contextvars.ContextVar[dict[str, str]] = contextvars.ContextVar("call")
"""What the gateway knows of the call at hand, by the names of its `$context` variables."""
_VARIABLE = re.compile(r"\$context\.([A-Za-z.]+)")
_LOG_STREAM = "gateway"


def build_all() -> None:
    stages_log_as_the_template_says()
    calls_are_logged()
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


def stages_log_as_the_template_says() -> None:
    """CloudFormation gives a stage its access log; the emulator's forgets it."""
    from ministack.services import apigateway_v1
    from ministack.services.cloudformation import provisioners

    handlers = existing(provisioners, "_RESOURCE_HANDLERS")["AWS::ApiGateway::Stage"]
    create = handlers["create"]
    stages = existing(apigateway_v1, "_stages_v1")

    def create_stage(logical_id: str, properties: dict[str, Any], stack_name: str) -> Any:
        name, attributes = create(logical_id, properties, stack_name)
        wanted = properties.get("AccessLogSetting")
        if wanted:
            stages[properties["RestApiId"]][name]["accessLogSettings"] = {
                "destinationArn": wanted["DestinationArn"],
                "format": wanted["Format"],
            }
        return name, attributes

    handlers["create"] = create_stage


def calls_are_logged() -> None:
    """AWS writes a line of each call into the stage's access log, as the stage's format says, with
    `-` for what it does not know. The emulator writes none. The path is as it came, encoded, in the
    line and in what the function is told; the emulator tells the function the decoded one.
    """
    from ministack.services import apigateway_v1

    handle = existing(apigateway_v1, "_handle_execute_in_scope")
    build = existing(apigateway_v1, "_build_lambda_event_v1")
    stages = existing(apigateway_v1, "_stages_v1")

    def build_lambda_event(*given: Any, **named: Any) -> dict[str, Any]:
        event: dict[str, Any] = build(*given, **named)
        context, known = event["requestContext"], _call.get()
        context["path"] = known["path"]
        known["requestId"] = context["requestId"]
        known["extendedRequestId"] = context["extendedRequestId"]
        known["identity.userArn"] = context["identity"].get("userArn") or "-"
        known["identity.sourceIp"] = context["identity"]["sourceIp"]
        return event

    async def handle_execute_in_scope(
        api_id: str, stage_name: str, method: str, path: str, *rest: Any
    ) -> Any:
        began = time.time()
        known = {
            "httpMethod": method,
            "path": quote(f"/{stage_name}{path}", safe="/:@!$&'()*+,;=~"),
            "requestTime": datetime.fromtimestamp(began, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
        }
        mark = _call.set(known)
        try:
            response = await handle(api_id, stage_name, method, path, *rest)
        finally:
            _call.reset(mark)
        known["status"] = str(response[0])
        known["responseLength"] = str(len(response[2] or b""))
        known["responseLatency"] = str(int(1000 * (time.time() - began)))
        settings = (stages.get(api_id, {}).get(stage_name) or {}).get("accessLogSettings")
        if settings:
            _write(settings, known)
        return response

    apigateway_v1._build_lambda_event_v1 = build_lambda_event
    apigateway_v1._handle_execute_in_scope = handle_execute_in_scope


def _write(settings: dict[str, str], known: dict[str, str]) -> None:
    from ministack.services import cloudwatch_logs

    group = settings["destinationArn"].partition(":log-group:")[2].removesuffix(":*")
    line = _VARIABLE.sub(lambda name: known.get(name.group(1), "-"), settings["format"])
    streams = existing(cloudwatch_logs, "_log_groups")[group]["streams"]
    if _LOG_STREAM not in streams:
        existing(cloudwatch_logs, "_create_log_stream")(
            {"logGroupName": group, "logStreamName": _LOG_STREAM}
        )
    event = {"timestamp": int(time.time() * 1000), "message": line}
    existing(cloudwatch_logs, "_put_log_events")(
        {"logGroupName": group, "logStreamName": _LOG_STREAM, "logEvents": [event]}
    )
