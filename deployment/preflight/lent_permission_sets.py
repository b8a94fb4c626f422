"""Each permission set that the catalogue lends: whether its sessions can be ended, and how many."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from deployment.preflight.check import (
    Check,
    Finding,
    Surroundings,
    code_of,
    ok,
    unknown,
    warning,
    wrong,
)
from pam.domain.kinds import IDENTITY_CENTER
from pam.identity_center import statements
from pam.identity_center.denies import LONGEST
from pam.identity_center.vendor import fault_of_set

_DENY = 300
"""Characters of what ends one session: about so many."""
_FEW = 5
_PAGE = "docs/identity-center.md, Set it up"


@dataclass(frozen=True, slots=True, kw_only=True)
class LentSet:
    """`resource` is one of those that it is lent by."""

    resource: str
    instance: str
    arn: str
    name: str

    @property
    def asked_by(self) -> dict[str, str]:
        return {"InstanceArn": self.instance, "PermissionSetArn": self.arn}


def lent_sets(around: Surroundings) -> list[LentSet]:
    """Each once, whatever accounts it is lent in."""
    found: dict[str, LentSet] = {}
    for resource in around.policy.resources:
        if resource.issuer_kind == IDENTITY_CENTER:
            settings = resource.issuer
            each = LentSet(
                resource=resource.resource_id,
                instance=settings["instance"],
                arn=settings["permission_set"],
                name=settings["permission_set_name"],
            )
            found.setdefault(each.arn, each)
    return list(found.values())


def _look(around: Surroundings) -> Iterator[Finding]:
    lent, config = lent_sets(around), around.config.identity_center
    if not lent:
        yield ok("no permission set is lent")
        return
    if config is None:
        named = ", ".join(each.resource for each in lent)
        remedy = f"identity_center (cdk.json; {_PAGE}), or take them out of the catalogue"
        yield wrong(f"nothing says how PAM reaches Identity Center, for {named}", remedy)
        return
    there = config.issuer_role.split(":")[4] if config.issuer_role else around.home
    if around.caller.account != there:
        yield unknown(
            f"{len(lent)} permission set(s) are asked for in account {there}, which administers "
            "Identity Center",
            f"AWS_PROFILE=<one of account {there}> make preflight ENV={around.config.env_name}",
        )
        return
    sso = around.clients("sso-admin", config.region or around.config.region)
    for each in lent:
        yield from _of_set(sso, each)


def _of_set(sso: Any, lent: LentSet) -> Iterator[Finding]:
    try:
        found = sso.describe_permission_set(**lent.asked_by).get("PermissionSet")
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        remedy = f"permission_set of {lent.resource} (policy/catalogue.yaml; {_PAGE}, 3)"
        yield wrong(f"{lent.name}: there is no permission set {lent.arn}", remedy)
        return
    if not found:
        what = f"{lent.name}: what answers at {sso.meta.endpoint_url} is no Identity Center"
        yield unknown(what, "AWS_ENDPOINT_URL_SSO_ADMIN, where an emulator stands for AWS")
        return
    text = sso.get_inline_policy_for_permission_set(**lent.asked_by).get("InlinePolicy", "")
    faults = [*_of_description(lent, found), *_of_policy(lent, text), *_of_room(lent, text)]
    yield from faults
    if not faults:
        yield ok(f"{lent.name}: sessions of one hour, a policy that is PAM's own, and room in it")


def _of_description(lent: LentSet, found: dict[str, Any]) -> Iterator[Finding]:
    if fault := fault_of_set(found, lent.name):
        said, _, remedy = fault.partition(": ")
        yield wrong(f"{lent.name}: {said} ({_told(found)})", f"{remedy} ({_PAGE}, 3)")


def _told(found: dict[str, Any]) -> str:
    return f"{found.get('Name')}, {found.get('SessionDuration', 'no length said')}"


def _of_policy(lent: LentSet, text: str) -> Iterator[Finding]:
    _, others = statements.read(text)
    if others:
        yield wrong(
            f"{lent.name}: its inline policy has what PAM did not write: {statements.told(others)}",
            "put its rights into managed policies and take that out: PAM writes the whole inline "
            f"policy, and lends nothing while somebody else does ({_PAGE}, 3 and 7)",
        )


def _of_room(lent: LentSet, text: str) -> Iterator[Finding]:
    taken = len("".join(text.split()))
    if LONGEST - taken < _FEW * _DENY:
        yield warning(
            f"{lent.name}: its inline policy takes {taken} of {LONGEST:,}: room for about "
            f"{max(LONGEST - taken, 0) // _DENY} session(s) more",
            "lend it to fewer at a time, or lend a second permission set beside it",
        )


CHECKS = (
    Check(
        name="lent permission sets",
        reason="what ends a session stands in the set's own policy, and bites within an hour",
        look=_look,
        everywhere=True,
    ),
)
