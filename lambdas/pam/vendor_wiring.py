"""Puts together what is done at a vendor, in the functions that have its power; and in no other, so
that no other loads it.
"""

import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from pam import clock, wiring
from pam.aws.clients import FOR_VENDORS, client_in_role
from pam.aws.kms_keys import KmsAssertionKey
from pam.domain.kinds import Vendor
from pam.metrics import count
from pam.names import ROLE_FULL
from pam.settings import IdentityCenterSettings, IssueOktaSettings, OktaSettings

if TYPE_CHECKING:
    from pam.identity_center.target import PermissionSetTarget
    from pam.okta.api import OktaApi
    from pam.okta.target import GroupTarget


def identity_center_target(
    settings: IdentityCenterSettings, seconds_left: Callable[[], float]
) -> "PermissionSetTarget":
    """For one call: `seconds_left` is how long it may go on."""
    from pam.identity_center.target import PermissionSetTarget

    return PermissionSetTarget(
        sso_admin=identity_center_client("sso-admin", settings),
        identity_store=identity_center_client("identitystore", settings),
        items=wiring.own_client("dynamodb"),
        table=settings.tables.identity_center,
        user_ids=vendor_ids(Vendor.IDENTITY_CENTER),
        user_name=settings.identity_center_user_name,
        clock=clock.now,
        pause=time.sleep,
        seconds_left=seconds_left,
        full=lambda _: count(ROLE_FULL, settings.env_name),
    )


@cache
def identity_center_client(service: str, settings: IdentityCenterSettings) -> Any:
    """In the role that the account which administers it has for this function, where there is one.
    It tries once: whoever calls knows what may be asked for twice.
    """
    return client_in_role(
        settings.identity_center_role,
        service,
        config=FOR_VENDORS,
        region_name=settings.identity_center_region,
        endpoint_url=settings.identity_center_url or None,
    )


def okta_target(settings: OktaSettings, seconds_left: Callable[[], float]) -> "GroupTarget":
    """The same at Okta."""
    from pam.aws.okta_notes import DynamoDbOktaNotes
    from pam.okta.target import GroupTarget

    return GroupTarget(
        api=okta_api(settings),
        notes=DynamoDbOktaNotes(wiring.own_client("dynamodb"), settings.tables.okta),
        user_ids=vendor_ids(Vendor.OKTA),
        login=settings.okta_login,
        clock=clock.now,
        pause=time.sleep,
        seconds_left=seconds_left,
    )


@cache
def okta_api(settings: OktaSettings) -> "OktaApi":
    """One a process: it has the token, and the key by which that is known to be its own."""
    from pam.okta.api import OktaApi

    return OktaApi(
        client_id=settings.okta_client_id,
        key=KmsAssertionKey(wiring.own_client("kms"), settings.okta_key_arn),
        url=settings.okta_api_url,
        clock=clock.now,
        # Of all that Okta takes, a fifth is for ends, however many sessions start.
        leave=0.2 if isinstance(settings, IssueOktaSettings) else 0.0,
    )


@cache
def vendor_ids(vendor: Vendor) -> Mapping[str, str]:
    """By the name of the person, as far as the identities file says."""
    return wiring.compiled_policy().ids_at(vendor)
