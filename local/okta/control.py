"""The client of the control API: people and groups of this Okta, and all that it can do wrong.

okta = OktaControl.of(port_file)
session = okta.sign_in("alice")
okta.members("core-support-admins"), okta.opens(session, "core-support-admins")
okta.knobs(lag={"listGroupUsers": 8}, limited={"*": 2})
"""

from dataclasses import dataclass
from typing import Any

from local.control import Control

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a person has open at Okta; `remembered`: whether a device of theirs still is."""

    sessions: tuple[str, ...]
    tokens: tuple[str, ...]
    remembered: bool
    status: str


class OktaControl(Control):
    """Its verbs are those of `acts.Acts` and `switches.Switches`; the usual ones are here."""

    def members(self, group: str) -> list[str]:
        """Logins of those who are members now, whatever a listing shows."""
        found: list[str] = self.call("members", group=group)["members"]
        return found

    def add(self, user: str, group: str) -> None:
        """As an administrator does by hand."""
        self.call("add", user=user, group=group)

    def remove(self, user: str, group: str) -> None:
        self.call("remove", user=user, group=group)

    def sign_in(self, user: str) -> str:
        """A new session of the person's."""
        return str(self.call("sign_in", user=user)["session"])

    def standing(self, user: str) -> Standing:
        found = self.call("sessions", user=user)
        lists = {name: tuple(found[name]) for name in ("sessions", "tokens")}
        return Standing(**lists, remembered=found["remembered"], status=found["status"])

    def opens(self, session: str, group: str) -> bool:
        """Whether an app that the group is assigned to lets in whoever holds that session."""
        return bool(self.call("opens", session=session, group=group)["open"])

    def register_key(self, client_id: str, jwk: Json) -> None:
        self.call("register_key", client_id=client_id, jwk=jwk)

    def knobs(self, **changes: Any) -> Json:
        return self.call("knobs", **changes)

    def calls(self, operation: str = "") -> list[Json]:
        """What was asked and answered: everything, or one operation."""
        found: list[Json] = self.call("calls")["calls"]
        return [it for it in found if not operation or it["operation"] == operation]

    def events(self, kind: str = "") -> list[Json]:
        """Of the System Log: everything, or one type."""
        found: list[Json] = self.call("events")["events"]
        return [it for it in found if not kind or it["eventType"] == kind]

    def forget(self) -> None:
        """Back to how the organisation begins."""
        self.call("forget")
