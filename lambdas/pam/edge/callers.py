"""From the proof that came with a call to the one who makes it: the one place that reads proofs.

Who somebody is comes from the channel, never from the message: from what the gateway verified, or
from a signature that is verified here. Each proof has a function here, and all of them make the
same `Caller`, so that nothing behind this door knows by which way somebody came.
"""

import re
from collections.abc import Callable
from typing import Any

from pam.domain.errors import NotEligible
from pam.domain.people import Auth, Caller, Person, Surface

_LONGEST_USER_AGENT = 256
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")


def signed_caller(event: dict[str, Any], identify: Callable[[str], Person]) -> Caller:
    """Whoever signed a call of the request API with their AWS credentials (SigV4).

    The gateway has verified the signature, and names its principal. `identify` says whose a
    principal is, and raises NotEligible for one that is nobody's.
    """
    context = event["requestContext"]
    identity = context["identity"]
    principal = identity["userArn"]
    agent = str(identity.get("userAgent") or "")
    return Caller(
        principal=principal,
        person=_person(principal, identify),
        surface=Surface.API,
        auth=Auth.SIGV4,
        source_ip=str(identity.get("sourceIp") or ""),
        user_agent=_UNPRINTABLE.sub("?", agent)[:_LONGEST_USER_AGENT],
        request_id=context["requestId"],
    )


def _person(principal: str, identify: Callable[[str], Person]) -> Person | None:
    try:
        return identify(principal)
    except NotEligible:
        return None
