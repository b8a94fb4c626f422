"""Rights on as many things as a catalogue lends: more than the inline policies of a role can hold.

Each thing stands there by its exact ARN. A pattern would be shorter, and would hand PAM's functions
whatever else comes to bear a name like that.
"""

import re
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.aws_quotas import Quota

_INLINE_SHARE = 2_000
"""Characters of ARNs that one grant may have inline. A role has room for 10,240 in all, of which
its own work takes about 4,000, and some roles are granted three times.
"""
_AROUND = 500
"""Characters of a managed policy besides its ARNs: actions, and a condition with a function."""
_ROOM = Quota.MANAGED_POLICY.most - _AROUND
_TOKEN = re.compile(r"\$\{Token\[[^]]*\]\}")
_ACCOUNT = "0" * 12
"""The one thing in these ARNs that is known only at deployment."""


def allow_on_each(
    role: iam.IRole,
    construct_id: str,
    *,
    actions: Sequence[str],
    resources: Sequence[str],
    conditions: Mapping[str, Any] | None = None,
    inline: Construct | None = None,
) -> None:
    """Inline where it is little (in a policy of its own under `inline`, or in the role's), else in
    as many managed policies as it takes. `stacks.template_sizes` measures what came of it.
    """
    wide = _length(resources) > _INLINE_SHARE
    for number, some in enumerate(packed(resources, _ROOM) if wide else [list(resources)]):
        statement = iam.PolicyStatement(
            actions=list(actions), resources=some, conditions=dict(conditions or {})
        )
        if wide:
            iam.ManagedPolicy(
                # A role that is imported is a construct as well; its interface does not say so.
                inline or typing.cast("Construct", role),
                f"{construct_id}{number or ''}",
                description=f"PAM: {actions[0]} on what the catalogue lends",
                roles=[role],
                statements=[statement],
            )
        elif inline is not None:
            iam.Policy(inline, construct_id, roles=[role], statements=[statement])
        else:
            role.add_to_principal_policy(statement)


def _length(resources: Sequence[str]) -> int:
    """In JSON: with quotes and a comma."""
    return sum(len(_TOKEN.sub(_ACCOUNT, arn)) + 3 for arn in resources)


def packed(resources: Sequence[str], room: int) -> Iterator[list[str]]:
    """In their order, as many together as have `room` characters in JSON; one at the least."""
    together: list[str] = []
    for arn in resources:
        if together and _length([*together, arn]) > room:
            yield together
            together = []
        together.append(arn)
    if together:
        yield together
