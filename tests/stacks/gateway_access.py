"""Whether API Gateway lets a signed call in: IAM's rules for one API, written down for tests.

By "How API Gateway resource policies affect authorization workflow" (AWS): an explicit Deny in
either policy refuses. In the API's own account an Allow in either lets in; across accounts both
must. A negated operator holds where the key is missing; the others do not.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.stacks.template import as_list


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """`arn` as `aws:PrincipalArn` has it: of a session, the role's, with its path. None for calls
    that nobody signed.
    """

    arn: str | None
    account: str | None
    may_invoke: bool = True
    """Whether a policy of their own allows the call."""

    def keys(self) -> dict[str, str]:
        found = {"aws:PrincipalArn": self.arn, "aws:PrincipalAccount": self.account}
        return {key: value for key, value in found.items() if value is not None}


def is_let_in(policy: Mapping[str, Any], signer: Signer, *, owner: str) -> bool:
    """`owner` is the API's account; references in the policy have been filled in with it."""
    applying = [each for each in policy["Statement"] if _applies(each, signer.keys())]
    if any(each["Effect"] == "Deny" for each in applying):
        return False
    allowed = any(each["Effect"] == "Allow" for each in applying)
    if signer.account == owner:
        return allowed or signer.may_invoke
    return allowed and signer.may_invoke


def _applies(statement: Mapping[str, Any], keys: Mapping[str, str]) -> bool:
    assert statement["Principal"] == {"AWS": "*"}
    assert (statement["Action"], statement["Resource"]) == ("execute-api:Invoke", "execute-api:/*")
    return all(
        _holds(operator, keys.get(key), [str(value) for value in as_list(wanted)])
        for operator, keyed in statement.get("Condition", {}).items()
        for key, wanted in keyed.items()
    )


def _holds(operator: str, found: str | None, wanted: list[str]) -> bool:
    negated = "Not" in operator
    if found is None:
        return negated
    match operator.replace("Not", ""):
        case "StringEquals":
            any_of = found in map(_plain, wanted)
        case "StringEqualsIgnoreCase":
            any_of = found.lower() in [_plain(each).lower() for each in wanted]
        case "StringLike":
            any_of = any(re.fullmatch(_pattern(each), found) for each in wanted)
        case _:
            message = f"an operator that is not written down here: {operator}"
            raise NotImplementedError(message)
    return any_of != negated


def _plain(value: str) -> str:
    assert not re.search(r"\$\{(?!\$\})", value), f"a variable of IAM: {value}"
    return value.replace("${$}", "$")


def _pattern(wanted: str) -> str:
    return re.escape(wanted).replace(r"\*", ".*").replace(r"\?", ".")
