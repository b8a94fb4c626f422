"""Makes access at Identity Center, and takes none.

Trigger: the activator alone (one call for each try). May touch: a session and its records, and what
it is checked out (read); PAM's own notes of Identity Center; Identity Center itself, in the role
that may assign PAM's permission sets, and not unassign them. It holds no right to any role,
database or secret that is lent. Access is made only for a session that is being activated, is
proven, and for which the activator asked by its proof of this very call. A retry is safe: what was
begun is noted, and found again.
"""

from functools import cache, partial
from typing import Any

from aws_lambda_powertools import Logger

from pam import vendor_calls, vendor_wiring
from pam.domain.kinds import IDENTITY_CENTER
from pam.settings import IssueIdentityCenterSettings

logger = Logger()


@cache
def settings() -> IssueIdentityCenterSettings:
    return IssueIdentityCenterSettings.from_env()


@logger.inject_lambda_context
def handler(event: object, context: Any) -> dict[str, Any]:
    return vendor_calls.issue(
        event,
        context,
        kind=IDENTITY_CENTER,
        settings=settings(),
        target_of=partial(vendor_wiring.identity_center_target, settings()),
    )
