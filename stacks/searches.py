"""The searches by schedule: drift at the targets and at vendors, ends that were undone there, and
what blocked people still have open.
"""

from collections.abc import Mapping

from aws_cdk import Duration
from constructs import Construct

from pam.domain import messages
from stacks.revocation import Revocation
from stacks.schedule import call_every

_MINUTES: Mapping[str, tuple[object, int]] = {
    "targets": (messages.SearchTargets(), 15),
    "denies": (messages.SearchDenies(), 1),
    "blocked": (messages.SearchBlocked(), 1),
}
"""What the revocation function is asked to search, and how often."""
_OF_VENDORS: Mapping[str, tuple[object, int]] = {"standing": (messages.SearchStanding(), 1)}
"""The same, where PAM lends at a vendor."""


class Searches(Construct):
    """Each in a call of its own, so that a slow one delays no other."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        env_name: str,
        revocation: Revocation,
        vendors: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        searched = {**_MINUTES, **(_OF_VENDORS if vendors else {})}
        for wanted, (message, minutes) in searched.items():
            call_every(
                self,
                wanted.capitalize(),
                every=Duration.minutes(minutes),
                function=revocation.function,
                message=message,
                description=f"PAM {env_name}: searches the {wanted}",
            )
