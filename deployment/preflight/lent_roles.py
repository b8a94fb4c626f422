"""Each role that the catalogue lends: who may take it, what binds it, and room to end leases."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from deployment.preflight.check import (
    Check,
    Finding,
    Surroundings,
    code_of,
    ok,
    pages,
    unknown,
    warning,
    wrong,
)
from deployment.preflight.trust import faults_of, listed
from pam.domain.kinds import IAM_WRITES, Need
from pam.domain.resource import Resource
from pam.domain.role_limits import POLICY_PATH, boundary, boundary_name, revoker_role_name
from pam.names import activator_role_name, issuer_role_name, revocation_role_name

_INLINE_QUOTA = 10_240
"""Characters of all inline policies of a role, white space not counted."""
_ROOM = 1_024
"""Below this, four denies and the one that gathers them do not fit beside each other."""
_IAM_WRITE = ("iam:AttachRolePolicy", "iam:CreateAccessKey", "iam:PutRolePolicy", "iam:CreateUser")
_UNBOUNDED = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
)
_HOW = "docs/roles.md, Setting it up"


@dataclass(frozen=True, slots=True, kw_only=True)
class LentRole:
    """`name` with its path, as in the catalogue; `arn` likewise."""

    resource: Resource
    name: str
    account: str
    arn: str

    @property
    def bare(self) -> str:
        """As IAM's calls take it."""
        return self.name.rpartition("/")[2]


def lent_roles(around: Surroundings) -> list[LentRole]:
    found: dict[str, LentRole] = {}
    for resource in around.policy.resources:
        for name in resource.needing(Need.LEND_ROLE):
            target = resource.target(account=around.home, region=around.config.region)
            found.setdefault(
                target.arn,
                LentRole(resource=resource, name=name, account=target.account, arn=target.arn),
            )
    return list(found.values())


def _look(around: Surroundings) -> Iterator[Finding]:
    if around.at_home and not _exists(around, issuer_role_name(around.config.env_name)):
        yield warning(
            "PAM's own roles are not there yet, and no role can trust them before",
            f"deploy PAM, then lend roles ({_HOW}), then ask again",
        )
        return
    elsewhere: dict[str, int] = {}
    for role in lent_roles(around):
        if role.account == around.caller.account:
            yield from _of_role(around, role)
        else:
            elsewhere[role.account] = elsewhere.get(role.account, 0) + 1
    for account, count in sorted(elsewhere.items()):
        yield unknown(
            f"{count} lent role(s) of account {account}: your credentials are of another",
            f"AWS_PROFILE=<one of account {account}> make preflight ENV={around.config.env_name}",
        )


def _exists(around: Surroundings, role_name: str) -> bool:
    return _role(around, role_name) is not None


def _role(around: Surroundings, name: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = around.clients("iam").get_role(RoleName=name)["Role"]
    except ClientError as error:
        if code_of(error) == "NoSuchEntity":
            return None
        raise
    return found


def _of_role(around: Surroundings, role: LentRole) -> Iterator[Finding]:
    found = _role(around, role.bare)
    if found is None or found["Arn"] != role.arn:
        there = f"; there is {found['Arn']}" if found else ""
        yield wrong(f"{role.arn} is not there{there}", f"make it ({_HOW})")
        return
    faults = [
        *faults_of(
            found["AssumeRolePolicyDocument"],
            issuer=_pam_role(around, issuer_role_name(around.config.env_name)),
            activator=_pam_role(around, activator_role_name(around.config.env_name)),
        )
    ]
    for fault in faults:
        yield wrong(f"{role.name}: its trust policy {fault}", f"{_HOW}, its trust policy")
    bound = [*_of_boundary(around, role, found)]
    room = [*_of_room(around, role)]
    revoker = [*_of_revoker(around, role)]
    yield from (*bound, *room, *revoker)
    yield from _of_iam_writes(around, role)
    if not (faults or bound or room or revoker):
        yield ok(f"{role.name}: trust, boundary, room for denies, revoker")


def _pam_role(around: Surroundings, name: str) -> str:
    return f"arn:{around.caller.partition}:iam::{around.home}:role/{name}"


def _of_boundary(
    around: Surroundings, role: LentRole, found: Mapping[str, Any]
) -> Iterator[Finding]:
    arn = found.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", "")
    wanted = (
        f"arn:{around.caller.partition}:iam::{role.account}:policy{POLICY_PATH}"
        f"{boundary_name(role.name)}"
    )
    remedy = f"docs/roles.md has the boundary: {wanted}"
    if arn != wanted:
        yield wrong(f"{role.name}: its permissions boundary is {arn or 'none'}", remedy)
        return
    iam = around.clients("iam")
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    if document != boundary(role.name, iam_writes=IAM_WRITES in role.resource.issuer):
        yield wrong(f"{role.name}: its permissions boundary says something else", remedy)


def _of_room(around: Surroundings, role: LentRole) -> Iterator[Finding]:
    iam = around.clients("iam")
    used = {
        name: len(json.dumps(answer["PolicyDocument"], separators=(",", ":")))
        for name in pages(iam, "list_role_policies", "PolicyNames", RoleName=role.bare)
        if not name.startswith("pam-revoke-")
        for answer in [iam.get_role_policy(RoleName=role.bare, PolicyName=name)]
    }
    total = sum(used.values())
    if not total:
        return
    said = f"{role.name}: inline policies ({', '.join(sorted(used))}) take {total} of 10,240"
    remedy = "move its rights into managed policies: the inline room is for PAM's denies"
    if _INLINE_QUOTA - total < _ROOM:
        yield wrong(f"{said}; an end would have to remove some to write its deny", remedy)
    else:
        yield warning(f"{said}; the rest is room for denies", remedy)


def _of_revoker(around: Surroundings, role: LentRole) -> Iterator[Finding]:
    name = revoker_role_name(role.bare)
    found = _role(around, name)
    if found is None:
        yield wrong(f"{role.name}: there is no {name} to end its leases by", _HOW)
        return
    if found["Arn"] != revoker_role_name(role.arn):
        yield wrong(f"{role.name}: {found['Arn']} has another path than its role", _HOW)
        return
    revocation = _pam_role(around, revocation_role_name(around.config.env_name))
    who = {
        each
        for statement in listed(found["AssumeRolePolicyDocument"]["Statement"])
        for each in listed((statement.get("Principal") or {}).get("AWS"))
        if statement["Effect"] == "Allow"
    }
    if who != {revocation}:
        yield wrong(f"{name} trusts {', '.join(sorted(who)) or 'nobody'}, not {revocation}", _HOW)
        return
    needed = ("iam:PutRolePolicy", "iam:DeleteRolePolicy", "iam:GetRolePolicy", "iam:GetRole")
    missing = needed_but_denied(around, found["Arn"], (*needed, "iam:ListRolePolicies"), role.arn)
    if missing:
        yield wrong(f"{name} may not {', '.join(missing)} on {role.name}", _HOW)


def _of_iam_writes(around: Surroundings, role: LentRole) -> Iterator[Finding]:
    if IAM_WRITES in role.resource.issuer:
        return
    # Its own rights, without what its boundary takes of them.
    denied = needed_but_denied(
        around, role.arn, _IAM_WRITE, "*", PermissionsBoundaryPolicyInputList=[_UNBOUNDED]
    )
    if allowed := sorted(set(_IAM_WRITE) - set(denied)):
        yield warning(
            f"{role.name} may change IAM ({', '.join(allowed)}); its leases are denied it",
            "take that right away, or say iam_writes in the catalogue if the role is for that: now "
            "only the deny in each lease and the boundary are in the way",
        )


def needed_but_denied(
    around: Surroundings, principal: str, actions: tuple[str, ...], resource: str, **more: Any
) -> list[str]:
    """Of these actions those that the simulation does not allow. Resource policies, service control
    policies and session policies are not simulated.
    """
    answers = pages(
        around.clients("iam"),
        "simulate_principal_policy",
        "EvaluationResults",
        PolicySourceArn=principal,
        ActionNames=list(actions),
        ResourceArns=[resource],
        **more,
    )
    return [it["EvalActionName"] for it in answers if it["EvalDecision"] != "allowed"]


CHECKS = (
    Check(
        name="lent roles",
        reason="a role that others may take, or that cannot be ended, must not be lent",
        look=_look,
        everywhere=True,
    ),
)
