"""What others cost, as far as they publish it: for one example organisation, as arithmetic."""

from collections.abc import Iterator
from dataclasses import dataclass

from deployment.prices import PRICES

ENGINEERS, SESSIONS = 200, 1000
"""The example: so many people, and so many sessions a month."""
_TEAM_TRANSITIONS = 26


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    name: str
    usd_a_month: float | None
    """None where no price is published."""
    rests_on: str
    """Source and date, and what is not in it."""


def rivals() -> Iterator[Rival]:
    transitions = PRICES["transition"].of(_TEAM_TRANSITIONS * SESSIONS)
    key = PRICES["kms-key"].of(1)
    yield Rival(
        name="TEAM (AWS's open-source sample), its workflow and a key alone",
        usd_a_month=transitions + key,
        rests_on=(
            f"{_TEAM_TRANSITIONS} state transitions a session (counted in its state machines, "
            "v1.5.0, 2026-08) and one key. Not in it: Amplify, AppSync, Cognito, its "
            "functions, and CloudTrail Lake, which has taken no new customers since 2026-05-31 "
            "(AWS's CloudTrail user guide). Its page *Cost considerations* names no figure; a user "
            "with more than 250 accounts reported over 100 a day for CloudTrail Lake (its pull "
            "request 62, 2023-08)"
        ),
    )
    yield Rival(
        name="Microsoft Entra ID P2 (has PIM; for Entra and Azure)",
        usd_a_month=9.0 * ENGINEERS,
        rests_on=(
            '9 a user and month, list ("Microsoft Entra ID licensing in 2026", '
            'microsoftnegotiations.com, and "Microsoft Entra ID licensing tiers", '
            "thenegotiationexperts.com: third parties who agree, read 2026-11)"
        ),
    )
    for name in ("Teleport", "StrongDM", "Opal"):
        yield Rival(
            name=f"{name} (by the seat or by use)",
            usd_a_month=None,
            rests_on="not published: no list price was found in what its maker publishes (2026-11)",
        )
