"""The barest form of what lending by a directory needs there: the same calls, by nobody's rules.

On the fakes that the stack lends by, beside what PAM lends: a permission set of the bench's own,
and of the group somebody who asks for nothing. Calls are asked one after the other, and
how far an operation is without a pause.
"""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from local.aws import ACCOUNT
from local.bench.bare_places import NAME
from local.bench.rounds import timed
from local.cast import Cast
from local.identity_center.names import IDENTITY_STORE, INSTANCE
from local.okta_beside import APPS
from pam.names import VendorPower
from pam.okta.api import OktaApi
from pam.okta.budget import Budget
from pam.okta.signing import public_jwk

_WHO, _ALWAYS = "kurt", "kate"
_ORGANISATION, _GROUP, _USER = "bank.okta.com", "00gsupportadmins0001", "00ukurt0000000000001"
_SECONDS = 60.0
"""Of patience with the fakes."""


class BarePermissionSet:
    """Assigned to one person in the stack's account, and what ends it armed before."""

    def __init__(self, cast: Cast) -> None:
        """The account has a managed policy of the bench's name already (`BarePlaces`)."""
        url = cast.about["services"]["identity_center"]["url"]
        root = cast.session("root")
        self._sso = root.client("sso-admin", endpoint_url=url)
        self._store = root.client("identitystore", endpoint_url=url)
        made = cast.identity_center.call("create_permission_set", name=NAME)
        self._set = {"InstanceArn": INSTANCE, "PermissionSetArn": made["permission_set"]}
        self._in_account = {**self._set, "AccountId": ACCOUNT}
        found = self._store.get_user_id(
            IdentityStoreId=IDENTITY_STORE,
            AlternateIdentifier={
                "UniqueAttribute": {"AttributePath": "userName", "AttributeValue": _WHO}
            },
        )
        self._user = found["UserId"]
        # Where nobody is assigned a set, there is nothing that could be provisioned.
        cast.identity_center.call("assign", user=_ALWAYS, permission_set=made["permission_set"])

    def start(self) -> float:
        """Seconds. Whatever it made is gone again when it answers."""
        took = timed(self._give)
        self._take()
        return took

    def end(self) -> float:
        self._give()
        return timed(self._take)

    def _give(self) -> None:
        self._store.describe_user(IdentityStoreId=IDENTITY_STORE, UserId=self._user)
        self._sso.describe_permission_set(**self._set)
        self._listed()
        self._provision()
        asked = self._sso.create_account_assignment(**self._whom())
        self._awaited(
            "AccountAssignmentCreationStatus",
            lambda: self._sso.describe_account_assignment_creation_status(
                InstanceArn=INSTANCE,
                AccountAssignmentCreationRequestId=asked["AccountAssignmentCreationStatus"][
                    "RequestId"
                ],
            ),
        )
        self._listed()

    def _take(self) -> None:
        self._provision()
        asked = self._sso.delete_account_assignment(**self._whom())
        self._awaited(
            "AccountAssignmentDeletionStatus",
            lambda: self._sso.describe_account_assignment_deletion_status(
                InstanceArn=INSTANCE,
                AccountAssignmentDeletionRequestId=asked["AccountAssignmentDeletionStatus"][
                    "RequestId"
                ],
            ),
        )
        self._listed()
        self._listed()

    def _provision(self) -> None:
        """A policy that stands in the account, and was seen to."""
        self._sso.put_inline_policy_to_permission_set(**self._set, InlinePolicy=_policy())
        asked = self._sso.provision_permission_set(
            **self._set, TargetType="AWS_ACCOUNT", TargetId=ACCOUNT
        )
        self._awaited(
            "PermissionSetProvisioningStatus",
            lambda: self._sso.describe_permission_set_provisioning_status(
                InstanceArn=INSTANCE,
                ProvisionPermissionSetRequestId=asked["PermissionSetProvisioningStatus"][
                    "RequestId"
                ],
            ),
        )
        self._sso.get_inline_policy_for_permission_set(**self._set)

    def _listed(self) -> None:
        self._sso.list_account_assignments(**self._in_account)

    def _whom(self) -> dict[str, Any]:
        target = {"TargetType": "AWS_ACCOUNT", "TargetId": ACCOUNT}
        return {**self._set, **target, "PrincipalType": "USER", "PrincipalId": self._user}

    def _awaited(self, key: str, look: Callable[[], dict[str, Any]]) -> None:
        while (status := look()[key])["Status"] == "IN_PROGRESS":
            pass
        if status["Status"] != "SUCCEEDED":
            message = f"{key}: {status}"
            raise AssertionError(message)


def _policy() -> str:
    """Another one each time: the fake need not do what is done."""
    statement = {"Sid": f"At{datetime.now(UTC):%H%M%S%f}", "Effect": "Deny"}
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{**statement, "Action": "bench:Nothing", "Resource": "*"}],
        }
    )


class BareGroup:
    """One person made a member, and taken out. The token is there already, as in PAM's functions
    when they are warm; what stays of it is a proof for each call.
    """

    def __init__(self, cast: Cast) -> None:
        """By PAM's second app, which may do what both do, with a key of the bench's own."""
        key = _Key()
        cast.okta.register_key(APPS[VendorPower.REVOKE], public_jwk(key.public, key.key_id))
        self._api = OktaApi(
            client_id=APPS[VendorPower.REVOKE],
            key=key,
            url=cast.about["services"]["okta"]["url"],
            clock=lambda: datetime.now(UTC),
        )
        self._okta = self._api.at(_ORGANISATION, Budget(lambda: _SECONDS, time.sleep))
        self._give()
        self._take()

    def start(self) -> float:
        """Seconds. Whatever it made is gone again when it answers."""
        took = timed(self._give)
        self._take()
        return took

    def end(self) -> float:
        self._give()
        return timed(self._take)

    def _give(self) -> None:
        self._okta.user(_USER)
        self._okta.group_type(_GROUP)
        self._okta.rules_feeding(_GROUP)
        self._okta.has_admin_roles(_GROUP)
        self._okta.is_group_of(_USER, _GROUP)
        self._okta.add(_USER, _GROUP)
        self._both_listed()

    def _take(self) -> None:
        self._okta.remove(_USER, _GROUP)
        self._both_listed()
        self._okta.end_sessions(_USER)

    def _both_listed(self) -> None:
        """Twice, as whoever does not trust one list at one instant."""
        for _ in range(2):
            self._okta.is_group_of(_USER, _GROUP)
            self._okta.is_member_of(_USER, _GROUP)


class _Key:
    """Implements `pam.okta.signing.ClientKey`, in memory."""

    key_id = NAME

    def __init__(self) -> None:
        self._key = generate_private_key(SECP256R1())

    @property
    def public(self) -> bytes:
        return self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message, ECDSA(SHA256()))
