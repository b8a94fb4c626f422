"""Whether the people of identities.yaml can come, and whether nobody comes in their place."""

import re
from collections.abc import Iterator
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
    wrong,
)
from deployment.preflight.lent_roles import needed_but_denied
from pam.names import Parameter, parameter_path

RESERVED = "/aws-reserved/sso.amazonaws.com/"
"""The path of what Identity Center makes; nobody else can make a role there."""
_API_ID = re.compile(r"(?:^https://|/restapis/)([a-z0-9]+)")
"""In its address in AWS, and in an emulator's."""
_ROLE = re.compile(r"AWSReservedSSO_([\w+=,.@-]{1,32})_[0-9a-f]{16}", re.ASCII)


def permission_sets(around: Surroundings) -> dict[str, set[str]]:
    """By account, those that identities.yaml lists."""
    found: dict[str, set[str]] = {}
    for identity in around.policy.identities:
        if identity.permission_set:
            for account in identity.accounts:
                found.setdefault(account, set()).add(identity.permission_set)
    return found


def _look_at_sets(around: Surroundings) -> Iterator[Finding]:
    wanted = permission_sets(around)
    own = wanted.pop(around.caller.account, set())
    roles = list(pages(around.clients("iam"), "list_roles", "Roles")) if own else []
    for role in roles:
        if role["RoleName"].startswith("AWSReservedSSO_") and not _is_reserved(role):
            yield wrong(
                f"{role['Arn']} looks like a permission set, and somebody made it by hand",
                "delete it: only its path tells it apart, and only where the path is asked for",
            )
    there = {name for role in roles if _is_reserved(role) and (name := _set_of(role["RoleName"]))}
    for name in sorted(own - there):
        yield wrong(
            f"account {around.caller.account} has no permission set {name}",
            "assign it there (Identity Center), or correct its name or account in identities.yaml",
        )
    if own and own <= there:
        yield ok(f"{len(own)} permission set(s) are in account {around.caller.account}")
    for account in sorted(wanted):
        names = ", ".join(sorted(wanted[account]))
        yield unknown(
            f"account {account} ({names}): your credentials are of another",
            f"AWS_PROFILE=<one of account {account}> make preflight ENV={around.config.env_name}",
        )
    if not own and not wanted:
        yield ok("identities.yaml lists no permission set")


def _is_reserved(role: dict[str, Any]) -> bool:
    return str(role["Path"]).startswith(RESERVED)


def _set_of(role_name: str) -> str | None:
    match = _ROLE.fullmatch(role_name)
    return match[1] if match else None


def _look_at_rights(around: Surroundings) -> Iterator[Finding]:
    own = permission_sets(around).get(around.caller.account, set())
    if not own:
        yield ok(f"nobody calls from account {around.caller.account}")
        return
    region, home = around.config.region, around.home
    path = parameter_path(around.config.env_name, Parameter.REQUEST_API_ENDPOINT)
    arn = f"arn:{around.caller.partition}"
    api = f"{arn}:execute-api:{region}:{home}:{_api_id(around, path)}/v1/GET/pam/me"
    needed = {
        "execute-api:Invoke": api,
        "ssm:GetParameter": f"{arn}:ssm:{region}:{home}:parameter{path}",
    }
    iam = around.clients("iam")
    for role in pages(iam, "list_roles", "Roles", PathPrefix=RESERVED):
        name = _set_of(role["RoleName"])
        if name not in own:
            continue
        missing = [
            action
            for action, resource in needed.items()
            if needed_but_denied(around, role["Arn"], (action,), resource)
        ]
        if missing:
            yield wrong(
                f"{name} may not {' and '.join(missing)}: whoever has it cannot call",
                "attach the callers' managed policy to the permission set",
            )
        else:
            yield ok(f"{name} may call the request API")


def _api_id(around: Surroundings, path: str) -> str:
    """Any API of the account, before there is one."""
    try:
        endpoint = around.clients("ssm").get_parameter(Name=path)["Parameter"]["Value"]
    except ClientError as error:
        if code_of(error) == "ParameterNotFound":
            return "anyapi0000"
        raise
    found = _API_ID.search(str(endpoint))
    return found[1] if found else "anyapi0000"


CHECKS = (
    Check(
        name="permission sets",
        reason="people are known by permission sets of the accounts that identities.yaml lists",
        look=_look_at_sets,
        everywhere=True,
    ),
    Check(
        name="callers' rights",
        reason="each call is signed, and needs execute-api:Invoke; `pam` finds the API in SSM",
        look=_look_at_rights,
        everywhere=True,
    ),
)
