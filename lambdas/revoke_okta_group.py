"""Takes people out of groups of Okta, and puts nobody in.

Triggers: the revocation function, for an end that stands decided and for its search of every
minute; the activator, for access that it made too late. May touch: a session, and what it is
checked out (read); PAM's own notes of Okta; the key by which it is known there as an app of its
own, and Okta as far as that app's role lets it. It holds no right to any role, database or secret
that is lent. Every call may be repeated.
"""

from functools import cache, partial
from typing import Any

from aws_lambda_powertools import Logger

from pam import vendor_calls, vendor_wiring
from pam.domain.kinds import OKTA_GROUP
from pam.settings import OktaSettings

logger = Logger()


@cache
def settings() -> OktaSettings:
    return OktaSettings.from_env()


@logger.inject_lambda_context
def handler(event: object, context: Any) -> dict[str, Any]:
    return vendor_calls.revoke(
        event,
        context,
        kind=OKTA_GROUP,
        settings=settings(),
        target_of=partial(vendor_wiring.okta_target, settings()),
    )
