"""Puts people into groups of Okta, and takes nobody out.

Trigger: the activator alone (one call for each try). May touch: a session and its records, and what
it is checked out (read); PAM's own notes of Okta; the key by which it is known there as an app of
its own, and Okta as far as that app's role lets it. It holds no right to any role, database or
secret that is lent. Access is made only for a session that is being activated, is proven, and for
which the activator asked by its proof of this very call. A retry is safe: what was begun is noted,
and found again.
"""

from functools import cache, partial
from typing import Any

from aws_lambda_powertools import Logger

from pam import vendor_calls, vendor_wiring
from pam.domain.kinds import OKTA_GROUP
from pam.settings import IssueOktaSettings

logger = Logger()


@cache
def settings() -> IssueOktaSettings:
    return IssueOktaSettings.from_env()


@logger.inject_lambda_context
def handler(event: object, context: Any) -> dict[str, Any]:
    return vendor_calls.issue(
        event,
        context,
        kind=OKTA_GROUP,
        settings=settings(),
        target_of=partial(vendor_wiring.okta_target, settings()),
    )
