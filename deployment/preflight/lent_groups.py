"""Each group of Okta that the catalogue lends: PAM's keys for it, and whether it may be lent.

What Okta itself says takes a token of Okta's, that of the person who looks: PAM's own keys sign for
PAM's functions alone. It is read from the environment, sent to Okta, and told nobody.
"""

import os
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from botocore.exceptions import ClientError

from deployment.preflight.check import (
    Check,
    Finding,
    Surroundings,
    code_of,
    ok,
    unknown,
    wrong,
)
from deployment.preflight.reads import NotARead
from pam.domain.kinds import OKTA_GROUP
from pam.domain.resource import Resource
from pam.names import VendorPower, okta_key_alias
from pam.okta import fitness
from pam.okta.api import Organisation
from pam.okta.budget import Budget
from pam.okta.connection import Connection
from pam.okta.errors import OktaFailed
from pam.okta.hosts import base_url
from pam.okta.signing import Assertions
from pam.okta.tokens import Tokens
from pam.okta.transport import HttpTransport, Reply, Transport

TOKEN = "OKTA_ACCESS_TOKEN"  # noqa: S105 - where it is, and not what
_SECONDS = 30.0
_PAGE = "docs/okta.md, Set it up"
_HOW = (
    f"put an access token that may read groups and their roles (okta.groups.read, okta.roles.read) "
    f"into the environment as {TOKEN}, or look by hand ({_PAGE}, 1)"
)


def _look(around: Surroundings) -> Iterator[Finding]:
    lent = [it for it in around.policy.resources if it.issuer_kind == OKTA_GROUP]
    if not lent:
        yield ok("no group of Okta's is lent")
    elif around.config.okta is None:
        named = ", ".join(each.resource_id for each in lent)
        remedy = f"okta (cdk.json; {_PAGE}, 3), or take them out of the catalogue"
        yield wrong(f"nothing says how PAM is known at Okta, for {named}", remedy)
    else:
        for power in VendorPower:
            yield _of_key(around, power)
        for each in lent:
            yield _of_group(each, around.config.okta.api_url)


def _of_key(around: Surroundings, power: VendorPower) -> Finding:
    alias = f"alias/{okta_key_alias(around.config.env_name, power)}"
    try:
        key = around.clients("kms").describe_key(KeyId=alias)["KeyMetadata"]
    except ClientError as error:
        if code_of(error) != "NotFoundException":
            raise
        return wrong(f"there is no {alias}", "make deploy; then give the app its public half")
    if key["KeyState"] != "Enabled":
        return wrong(f"{alias} is {key['KeyState']}", "enable it, or no session starts or ends")
    return ok(f"{alias} is there; its app at Okta knows it as {key['KeyId']}")


def _of_group(resource: Resource, api_url: str) -> Finding:
    named, settings = resource.resource_id, resource.issuer
    token = os.environ.get(TOKEN, "")
    if not token:
        return unknown(f"{named}: what Okta says of its group is not asked", _HOW)
    may_carry = settings.get("carries_admin_role") == "true"
    try:
        okta = _organisation(settings["organisation"], api_url, token)
        fitness.check_group(okta, settings["group"], may_carry_admin_role=may_carry)
    except fitness.Unfit as unfit:
        return wrong(f"{named}: {unfit.says}", f"lend a group of PAM's alone ({_PAGE}, 1)")
    except OktaFailed as fault:
        return unknown(f"{named}: {fault.says}", _HOW)
    role = "may carry an admin role" if may_carry else "carries no admin role"
    return ok(f"{named}: Okta answers; a group of its own (OKTA_GROUP), no rule feeds it, {role}")


def _organisation(host: str, api_url: str, token: str) -> Organisation:
    connection = Connection(
        base_url(host, api_url),
        transport=Reading(HttpTransport(), token),
        clock=lambda: datetime.now(UTC),
        leave=0.0,
    )
    return Organisation(connection, _None(connection), Budget(lambda: _SECONDS, time.sleep))


class Reading:
    """A transport that only reads, by the token of whoever looks."""

    def __init__(self, transport: Transport, token: str) -> None:
        self._transport, self._token = transport, token

    def __repr__(self) -> str:
        return "Reading()"

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes, timeout: float
    ) -> Reply:
        if method != "GET":
            message = "preflight only reads, at Okta too"
            raise NotARead(message)
        kept = {name: value for name, value in headers.items() if name != "DPoP"}
        kept["Authorization"] = f"Bearer {self._token}"
        return self._transport.send(method, url, headers=kept, body=body, timeout=timeout)


class _None(Tokens):
    """None is asked for."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, Assertions(client_id="", key=_NoKey()))

    def get(self, scopes: str, budget: Budget) -> str:  # noqa: ARG002
        return ""


class _NoKey:
    key_id = ""

    def sign(self, message: bytes) -> bytes:
        raise NotARead(repr(type(message)))


CHECKS = (
    Check(
        name="lent groups",
        reason="nothing at Okta ends by itself, and what else fills a group undoes an end",
        look=_look,
    ),
)
