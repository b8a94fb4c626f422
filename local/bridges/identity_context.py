"""Who of Identity Center a session is: the emulator does not know; see `__init__.py`."""

import contextvars
import dataclasses
import re
from typing import Any
from urllib.parse import parse_qs

from local.bridges.patching import existing

CONTEXT_PROVIDER = "arn:aws:iam::aws:contextProvider/IdentityCenter"
_USER_ID = re.compile(r"([0-9a-f]{10}-)?[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_FIRST = "ProvidedContexts.member.1."

_wanted: contextvars.ContextVar[str | None] = contextvars.ContextVar("wanted_user", default=None)
"""The user of Identity Center whom the AssumeRole being answered is for."""


def build_all() -> None:
    sessions_are_of_users_of_identity_center()


def sessions_are_of_users_of_identity_center() -> None:
    """AWS shows `identitystore:UserId` to every policy that decides on a call of a session which
    Identity Center made, and takes such a context only where the role's trust policy allows
    `sts:SetContext`. AWS's context is an assertion that Identity Center has signed; here it is the
    user's id itself, and the trust policies of these roles let the account's root alone give one.
    """
    from ministack.core import iam_evaluator
    from ministack.services import iam, sts

    handle = existing(sts, "handle_request")
    evaluate = existing(iam_evaluator, "evaluate_trust_policy")
    keys_of = existing(iam_evaluator, "_principal_keys")
    register = existing(sts, "register_session")
    sessions = existing(sts, "_sessions")
    error = existing(iam, "_error")

    async def handle_request(
        method: str, path: str, headers: Any, body: Any, query_params: Any
    ) -> Any:
        asked = parse_qs(body.decode() if isinstance(body, bytes) else str(body or ""))
        user = next(iter(asked.get(f"{_FIRST}ContextAssertion", [])), None)
        provider = next(iter(asked.get(f"{_FIRST}ProviderArn", [])), None)
        if (user, provider) != (None, None) and not _is_context(user, provider):
            return error(400, "ValidationError", "The context assertion is invalid", ns="sts")
        token = _wanted.set(user)
        try:
            return await handle(method, path, headers, body, query_params)
        finally:
            _wanted.reset(token)

    def evaluate_trust_policy(trust: Any, caller_arn: str, context: Any = None) -> bool:
        allowed = bool(evaluate(trust, caller_arn, context))
        if context is None or _wanted.get() is None:
            return allowed
        setting = dataclasses.replace(context, action="sts:SetContext")
        return allowed and bool(evaluate(trust, caller_arn, setting))

    def register_session(access_key: str, session: dict[str, Any]) -> None:
        register(access_key, {**session, "IdentityStoreUserId": _wanted.get()})

    def principal_keys(credential: Any) -> dict[str, Any]:
        user = (sessions.get(credential.access_key_id) or {}).get("IdentityStoreUserId")
        return {**keys_of(credential), **({"identitystore:userid": user} if user else {})}

    sts.handle_request = handle_request
    sts.register_session = register_session
    iam_evaluator.evaluate_trust_policy = evaluate_trust_policy
    iam_evaluator._principal_keys = principal_keys
    # Taken from its module by name when the service was loaded.
    existing(sts, "_principal_keys")
    sts._principal_keys = principal_keys


def _is_context(user: str | None, provider: str | None) -> bool:
    return provider == CONTEXT_PROVIDER and bool(_USER_ID.fullmatch(user or ""))
