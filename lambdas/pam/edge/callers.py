"""From the proof that came with a call to the one who makes it: the one place that reads proofs.

Who somebody is comes from the channel, never from the message: from what the gateway verified, or
from a signature that is verified here. Each proof has a function here, and all of them make the
same `Caller`, so that nothing behind this door knows by which way somebody came.
"""

import re
from collections.abc import Callable
from typing import Any

from pam.domain.errors import NotEligible
from pam.domain.people import Auth, Caller, Surface
from pam.policy.identities import Identified

_LONGEST_USER_AGENT = 256
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")

Identify = Callable[[str], Identified]
"""Says whose a principal is, and by which link; raises NotEligible for one that is nobody's."""


def signed_caller(event: dict[str, Any], identify: Identify) -> Caller:
    """Whoever signed a call of the request API with their AWS credentials (SigV4).

    The gateway has verified the signature, and names its principal.
    """
    context = event["requestContext"]
    identity = context["identity"]
    principal = identity["userArn"]
    agent = str(identity.get("userAgent") or "")
    return _caller(
        identify,
        principal=principal,
        surface=Surface.API,
        auth=Auth.SIGV4,
        source_ip=str(identity.get("sourceIp") or ""),
        user_agent=_UNPRINTABLE.sub("?", agent)[:_LONGEST_USER_AGENT],
        request_id=context["requestId"],
    )


def slack_caller(principal: str, request_id: str, identify: Identify) -> Caller:
    """Whoever clicked or typed in Slack. `principal` is the `slack:TEAM/USER` of a payload that
    came by a channel of Slack's, once Slack's own word on that user was asked.

    `identify` should know the basis of today (`Identities.whose`), so that a link which rests on
    another is none. Of a caller who is nobody, `nobody_because` says why.
    """
    return _caller(
        identify,
        principal=principal,
        surface=Surface.SLACK,
        auth=Auth.SLACK,
        request_id=request_id,
    )


def _caller(identify: Identify, **told: Any) -> Caller:
    try:
        found = identify(told["principal"])
    except NotEligible as nobody:
        return Caller(person=None, nobody_because=nobody.detail, **told)
    return Caller(person=found.person, link=found.link, **told)
