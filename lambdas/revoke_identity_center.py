"""Takes access at Identity Center, keeps what ends it there, and makes none.

Triggers: the revocation function, for an end that stands decided and for its search of every
minute; the activator, for access that it made too late. May touch: a session, and what it is
checked out (read); PAM's own notes of Identity Center; Identity Center itself, in the role that may
unassign PAM's permission sets and write their inline policies. It holds no right to any role,
database or secret that is lent. Every call may be repeated.
"""

from functools import cache, partial
from typing import Any

from aws_lambda_powertools import Logger

from pam import vendor_calls, vendor_wiring
from pam.domain.kinds import IDENTITY_CENTER
from pam.settings import IdentityCenterSettings

logger = Logger()


@cache
def settings() -> IdentityCenterSettings:
    return IdentityCenterSettings.from_env()


@logger.inject_lambda_context
def handler(event: object, context: Any) -> dict[str, Any]:
    return vendor_calls.revoke(
        event,
        context,
        kind=IDENTITY_CENTER,
        settings=settings(),
        target_of=partial(vendor_wiring.identity_center_target, settings()),
    )
