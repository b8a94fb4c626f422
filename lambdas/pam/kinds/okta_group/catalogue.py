"""`kind: okta-group` in the catalogue."""

from typing import Annotated, Literal

from pydantic import StrictBool

from pam.policy.fields import IssuerEntry, spelled

_OKTAS = r"(?:okta|oktapreview|okta-emea|okta-gov)\.com|okta\.mil"


class Entry(IssuerEntry):
    kind: Literal["okta-group"]
    organisation: Annotated[
        str,
        spelled(
            rf"(?!(?:[a-z0-9-]*-)?admin\.)[a-z0-9][a-z0-9-]{{0,62}}\.(?:{_OKTAS})",
            "an organisation is the name of its host, as in bank.okta.com: of okta.com, "
            "oktapreview.com, okta-emea.com, okta-gov.com or okta.mil, and not that with -admin",
        ),
    ]
    group: Annotated[
        str,
        spelled(r"[0-9A-Za-z]{20}", "a group is its id, 20 letters and digits, and not its name"),
    ]
    carries_admin_role: StrictBool = False
    """Whether the group gives a right over Okta itself. One that does is lent only if this says so.
    """
    end_sessions: StrictBool = False
    """Whether an end ends the person's sessions of Okta as well, on all of their devices."""
    app: Annotated[
        str,
        spelled(
            r"https://[a-z0-9][a-z0-9.-]{1,120}(?:/[\w./-]{0,200})?",
            "app is where the person goes, an address that begins with https://",
        ),
    ]
