"""Who else could act as PAM: invoke its functions past their doors, or pass its roles on.

Read from the account's IAM in one listing and matched here. Not looked at: conditions, permissions
boundaries, service control policies, and resource policies of functions.
"""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from deployment.preflight.check import Check, Finding, Surroundings, ok, pages, warning
from deployment.preflight.trust import listed
from pam.names import activator_role_name, issuer_role_name, revocation_role_name

_SHOWN = 8
_NOT_LOOKED_AT = (
    "not looked at: conditions, boundaries, service control policies, functions' own policies"
)


def _look(around: Surroundings) -> Iterator[Finding]:
    env_name, arn = around.config.env_name, f"arn:{around.caller.partition}"
    region, account = around.config.region, around.home
    names = (issuer_role_name, activator_role_name, revocation_role_name)
    wanted = {
        "lambda:InvokeFunction": _functions(around)
        or [f"{arn}:lambda:{region}:{account}:function:pam-{env_name}-service-any"],
        "iam:PassRole": [f"{arn}:iam::{account}:role/{name(env_name)}" for name in names],
    }
    details = _Details(around)
    for action, resources in wanted.items():
        who = sorted(
            {
                principal
                for resource in resources
                for principal in details.allowed(action, resource, but=f"/pam-{env_name}-")
            }
        )
        if who:
            shown = ", ".join(who[:_SHOWN]) + f" and {len(who) - _SHOWN} more" * (len(who) > _SHOWN)
            yield warning(
                f"{action} on PAM's: {shown} ({_NOT_LOOKED_AT})",
                "deny it: docs/scp-function-protection.json; and iam:PassRole of pam-* likewise",
            )
        else:
            yield ok(f"nobody else has {action} on PAM's ({_NOT_LOOKED_AT})")


def _functions(around: Surroundings) -> list[str]:
    lambda_ = around.clients("lambda")
    begins = f"pam-{around.config.env_name}-"
    return [
        str(function["FunctionArn"])
        for function in pages(lambda_, "list_functions", "Functions")
        if function["FunctionName"].startswith(begins)
    ]


class _Details:
    """All principals of the account with the policies that they have."""

    def __init__(self, around: Surroundings) -> None:
        iam = around.clients("iam")
        asked = {"Filter": ["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"]}
        self._principals: list[tuple[str, dict[str, Any]]] = []
        self._groups: dict[str, dict[str, Any]] = {}
        self._managed: dict[str, Any] = {}
        paginator = iam.get_paginator("get_account_authorization_details")
        for page in paginator.paginate(**asked):
            for kind, name in (("RoleDetailList", "Role"), ("UserDetailList", "User")):
                self._principals += [(f"{name}PolicyList", it) for it in page.get(kind, ())]
            self._groups |= {it["GroupName"]: it for it in page.get("GroupDetailList", ())}
            for policy in page.get("Policies", ()):
                (current,) = (v for v in policy["PolicyVersionList"] if v["IsDefaultVersion"])
                self._managed[policy["Arn"]] = current["Document"]

    def allowed(self, action: str, resource: str, *, but: str) -> Iterator[str]:
        """ARNs. Of roles for AWS services, and of PAM's own, nothing is said."""
        for inline, principal in self._principals:
            arn = principal["Arn"]
            if "/aws-service-role/" in arn or but in arn:
                continue
            documents = list(self._documents(principal, inline))
            for group in principal.get("GroupList", ()):
                documents += self._documents(self._groups[group], "GroupPolicyList")
            statements = [it for document in documents for it in listed(document["Statement"])]
            if _decide(statements, action, resource):
                yield arn

    def _documents(self, holder: Mapping[str, Any], inline: str) -> Iterator[Mapping[str, Any]]:
        yield from (it["PolicyDocument"] for it in holder.get(inline, ()))
        for policy in holder.get("AttachedManagedPolicies", ()):
            if policy["PolicyArn"] in self._managed:
                yield self._managed[policy["PolicyArn"]]


def _decide(statements: list[Mapping[str, Any]], action: str, resource: str) -> bool:
    """Conditions of what allows are taken to hold; those of what denies are not."""
    meant = [it for it in statements if _matches(it, action, resource)]
    if any(it["Effect"] == "Deny" and "Condition" not in it for it in meant):
        return False
    return any(it["Effect"] == "Allow" for it in meant)


def _matches(statement: Mapping[str, Any], action: str, resource: str) -> bool:
    return _names(statement, "Action", action.lower(), fold=True) and _names(
        statement, "Resource", resource, fold=False
    )


def _names(statement: Mapping[str, Any], key: str, value: str, *, fold: bool) -> bool:
    """With the `Not` form: whatever is not named."""
    negated = f"Not{key}" in statement
    patterns = listed(statement.get(f"Not{key}" if negated else key))
    named = any(_like(value, it.lower() if fold else it) for it in patterns)
    return named != negated


def _like(value: str, pattern: str) -> bool:
    """IAM knows `*` and `?` only."""
    return fnmatchcase(value, pattern.replace("[", "[[]"))


CHECKS = (
    Check(
        name="others' powers",
        reason="a door believes what an event says of its caller; PAM's roles open every lent role",
        look=_look,
    ),
)
