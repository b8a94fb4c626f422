"""Where the emulator's IAM and STS differ from AWS's; see `__init__.py`."""

import contextvars
import dataclasses
import json
from typing import Any
from urllib.parse import parse_qs

from local.bridges import workflow
from local.bridges.patching import existing

_INLINE_QUOTA = 10_240
_CHAINED_SESSION_LIMIT = 3600

_wanted: contextvars.ContextVar[str | None] = contextvars.ContextVar("wanted", default=None)
"""The source identity that the AssumeRole being answered asks for."""


def build_all() -> None:
    source_identity_in_trust_policies()
    source_identity_of_the_caller()
    chained_sessions_are_short()
    inline_policies_have_a_quota()
    resources_are_named_as_in_aws()
    calls_count_as_encrypted()
    conditional_writes_are_seen_by_policies()
    partitions_are_seen_by_policies()
    roles_have_the_boundary_of_their_template()
    tags_of_a_resource_are_seen_by_boundaries_and_session_policies()


def source_identity_in_trust_policies() -> None:
    """AWS shows `sts:SourceIdentity` to a role's trust policy, and lets a caller set one only if
    that policy allows `sts:SetSourceIdentity`. The emulator knows neither.
    """
    from ministack.core import iam_evaluator
    from ministack.services import sts

    handle = existing(sts, "handle_request")
    evaluate = existing(iam_evaluator, "evaluate_trust_policy")

    async def handle_request(
        method: str, path: str, headers: Any, body: Any, query_params: Any
    ) -> Any:
        text = body.decode() if isinstance(body, bytes) else str(body or "")
        token = _wanted.set(next(iter(parse_qs(text).get("SourceIdentity", [])), None))
        try:
            return await handle(method, path, headers, body, query_params)
        finally:
            _wanted.reset(token)

    def evaluate_trust_policy(trust: Any, caller_arn: str, context: Any = None) -> bool:
        identity = _wanted.get()
        if context is None or identity is None:
            return bool(evaluate(trust, caller_arn, context))
        keys = {**context.service_context, "sts:sourceidentity": identity}
        seen = dataclasses.replace(context, service_context=keys)
        setting = dataclasses.replace(seen, action="sts:SetSourceIdentity")
        return bool(evaluate(trust, caller_arn, seen) and evaluate(trust, caller_arn, setting))

    sts.handle_request = handle_request
    iam_evaluator.evaluate_trust_policy = evaluate_trust_policy


def source_identity_of_the_caller() -> None:
    """AWS shows `aws:SourceIdentity` to every policy that decides on a call of the session; the
    emulator forgets the source identity as soon as the role is assumed.
    """
    from ministack.core import iam_evaluator
    from ministack.services import sts

    keys_of = existing(iam_evaluator, "_principal_keys")
    register = existing(sts, "register_session")
    sessions = existing(sts, "_sessions")

    def register_session(access_key: str, session: dict[str, Any]) -> None:
        # Who has one set keeps it through every role assumed from there on.
        chained = (sessions.get(session.get("SourceAccessKeyId")) or {}).get("SourceIdentity")
        register(access_key, {**session, "SourceIdentity": _wanted.get() or chained})

    def principal_keys(credential: Any) -> dict[str, Any]:
        identity = (sessions.get(credential.access_key_id) or {}).get("SourceIdentity")
        return {**keys_of(credential), **({"aws:sourceidentity": identity} if identity else {})}

    sts.register_session = register_session
    iam_evaluator._principal_keys = principal_keys
    # Taken from its module by name when the service was loaded.
    existing(sts, "_principal_keys")
    sts._principal_keys = principal_keys


def chained_sessions_are_short() -> None:
    """AWS gives a session that was itself assumed by a session an hour at most."""
    from ministack.services import iam, sts

    handle = existing(sts, "handle_request")
    caller = existing(sts, "extract_access_key_id")
    sessions = existing(sts, "_sessions")
    error = existing(iam, "_error")

    async def handle_request(
        method: str, path: str, headers: Any, body: Any, query_params: Any
    ) -> Any:
        asked = parse_qs(body.decode() if isinstance(body, bytes) else str(body or ""))
        seconds = int(next(iter(asked.get("DurationSeconds", [])), "0"))
        if seconds > _CHAINED_SESSION_LIMIT and caller(headers, query_params) in sessions:
            message = (
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed "
                "by role chaining"
            )
            return error(400, "ValidationError", message, ns="sts")
        return await handle(method, path, headers, body, query_params)

    sts.handle_request = handle_request


def inline_policies_have_a_quota() -> None:
    """AWS takes 10,240 characters of inline policies on a role, white space not counted."""
    from ministack.services import iam

    handlers = existing(iam, "_IAM_HANDLERS")
    put = existing(iam, "_put_role_policy")
    value = existing(iam, "_p")
    roles = existing(iam, "_roles")
    error = existing(iam, "_error")

    def put_role_policy(given: Any) -> Any:
        name = value(given, "RoleName")
        there = (roles.get(name) or {}).get("InlinePolicies", {})
        wanted = {**there, value(given, "PolicyName"): value(given, "PolicyDocument")}
        size = sum(len("".join(str(document).split())) for document in wanted.values())
        if size > _INLINE_QUOTA:
            message = f"Maximum policy size of {_INLINE_QUOTA} bytes exceeded for role {name}"
            return error(409, "LimitExceeded", message, ns="iam")
        return put(given)

    iam._put_role_policy = handlers["PutRolePolicy"] = put_role_policy


def resources_are_named_as_in_aws() -> None:
    """Some calls are authorised on other resources than AWS authorises them on: SendTaskSuccess and
    SendTaskFailure on `*` rather than on the token's state machine, PutLogEvents and
    CreateLogStream on the log group rather than on the stream in it, and what reads a table's
    stream on `*` rather than on the stream.
    """
    from ministack.core import iam_actions

    extract = existing(iam_actions, "extract_resource_arn")

    def extract_resource_arn(
        service: str, method: str, path: str, headers: Any, body: Any, *rest: Any
    ) -> Any:
        arn = extract(service, method, path, headers, body, *rest)
        if service == "states" and "taskToken" in _json(body):
            return workflow.machine_of(str(_json(body)["taskToken"])) or arn
        if service == "logs" and "logStreamName" in _json(body):
            return f"{arn}:log-stream:{_json(body)['logStreamName']}"
        if service == "dynamodbstreams" and "StreamArn" in _json(body):
            return _json(body)["StreamArn"]
        return arn

    iam_actions.extract_resource_arn = extract_resource_arn


def calls_count_as_encrypted() -> None:
    """AWS is reached by TLS; the emulator by plain HTTP on the loopback interface, which would make
    every policy that insists on `aws:SecureTransport` refuse everything.
    """
    from ministack.core import iam_evaluator

    pin = existing(iam_evaluator, "pin_request_origin")

    def pin_request_origin(source_ip: str, secure_transport: bool) -> None:  # noqa: ARG001
        pin(source_ip, secure_transport=True)

    iam_evaluator.pin_request_origin = pin_request_origin


def conditional_writes_are_seen_by_policies() -> None:
    """AWS shows `s3:if-none-match` to the policies that decide on a write; the emulator acts by the
    header and does not show it.
    """
    from ministack.core import iam_actions

    context_of = existing(iam_actions, "s3_service_context")

    def s3_service_context(action: str, query: Any, path: str, headers: Any) -> dict[str, Any]:
        context: dict[str, Any] = context_of(action, query, path, headers)
        asked = {name.lower(): value for name, value in headers.items()}.get("if-none-match")
        return context if asked is None else {**context, "s3:if-none-match": asked}

    iam_actions.s3_service_context = s3_service_context


def partitions_are_seen_by_policies() -> None:
    """AWS shows the partition keys that a call names as `dynamodb:LeadingKeys`, and the emulator
    does not. Here they are shown for every call but transactions, whose items it asks about all at
    once.
    """
    from ministack.core import iam_actions

    context_of = existing(iam_actions, "dynamodb_service_context")

    def dynamodb_service_context(body: Any) -> dict[str, Any]:
        context: dict[str, Any] = context_of(body)
        named = _partitions(_json(body))
        return {**context, "dynamodb:LeadingKeys": named} if named else context

    iam_actions.dynamodb_service_context = dynamodb_service_context


def roles_have_the_boundary_of_their_template() -> None:
    """CloudFormation gives a role the permissions boundary that the template names; the emulator's
    forgets it.
    """
    from ministack.services import iam
    from ministack.services.cloudformation import provisioners

    handlers = existing(provisioners, "_RESOURCE_HANDLERS")["AWS::IAM::Role"]
    create, update = handlers["create"], handlers["update"]
    roles = existing(iam, "_roles")

    def bound(name: str, properties: dict[str, Any]) -> None:
        roles[name]["PermissionsBoundary"] = properties.get("PermissionsBoundary", "")

    def create_role(logical_id: str, properties: dict[str, Any], stack_name: str) -> Any:
        name, attributes = create(logical_id, properties, stack_name)
        bound(name, properties)
        return name, attributes

    def update_role(physical_id: str, old: Any, new: dict[str, Any], *rest: Any) -> Any:
        name, attributes = update(physical_id, old, new, *rest)
        bound(name, new)
        return name, attributes

    handlers["create"], handlers["update"] = create_role, update_role


_limits: contextvars.ContextVar[list[Any]] = contextvars.ContextVar("limits", default=[])  # noqa: B039 - replaced, never changed
"""Boundary and session policies of the caller that is being decided on."""


def tags_of_a_resource_are_seen_by_boundaries_and_session_policies() -> None:
    """AWS shows `aws:ResourceTag` to every policy that decides; the emulator looks the tags up only
    if one of the role's own policies asks for them.
    """
    from ministack.core import iam_evaluator

    resolve = existing(iam_evaluator, "resolve_principal")
    asked_for = existing(iam_evaluator, "_names_condition_key")

    def resolve_principal(*given: Any, **named: Any) -> Any:
        principal = resolve(*given, **named)
        limits = getattr(principal, "limits", [])
        _limits.set([policy for layer in limits for policy in layer])
        return principal

    def names_condition_key(policies: list[Any], prefix: str) -> bool:
        return bool(asked_for([*policies, *_limits.get()], prefix))

    iam_evaluator.resolve_principal = resolve_principal
    iam_evaluator._names_condition_key = names_condition_key


def _partitions(asked: dict[str, Any]) -> list[str]:
    """Of tables whose partition key is called `pk`."""
    of_tables = list(asked.get("RequestItems", {}).values())
    # A batch that writes is a list of requests; one that reads has the keys.
    batches = [request for each in of_tables if isinstance(each, list) for request in each]
    parts = [asked, *(part for request in batches for part in request.values())]
    keys = [part.get(name, {}).get("pk") for part in parts for name in ("Key", "Item")]
    keys += [key.get("pk") for each in of_tables if isinstance(each, dict) for key in each["Keys"]]
    if str(asked.get("KeyConditionExpression")).startswith("pk = :pk"):
        keys.append(asked["ExpressionAttributeValues"][":pk"])
    return [str(key["S"]) for key in keys if key]


def _json(body: Any) -> dict[str, Any]:
    try:
        content = json.loads(body or b"{}")
    except (ValueError, TypeError):
        return {}
    return content if isinstance(content, dict) else {}
