"""The client of the control API: who signs in at the portal, what goes wrong, what stands there.

center = IdentityCenterControl.of(port_file)
live = center.sign_in("alice")
center.call("rename_user", name="alice", to="alice.b")
"""

from dataclasses import dataclass, field
from typing import Any

from local.control import Control, ControlError

__all__ = ["ControlError", "IdentityCenterControl", "Live"]

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """Credentials that the portal gave out. `principal`: as CloudTrail tells of what they do."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    principal: str
    role_name: str
    user_name: str
    user_id: str
    account: str
    issued_at: float


class IdentityCenterControl(Control):
    """Its verbs are the methods of `control_api.ControlApi` and of `acts.Acts`."""

    def sign_in(self, user: str, permission_set: str = "", account: str = "") -> Live:
        """By default with PAM's own permission set in the stack's account. Raises ControlError
        where the portal does not show it to that person.
        """
        where = {"permission_set": permission_set, "account": account}
        told = self.call("sign_in", user=user, **{name: it for name, it in where.items() if it})
        names = ("principal", "role_name", "user_name", "user_id", "account", "issued_at")
        return Live(**told["keys"], **{name: told[name] for name in names})

    def knobs(self, **changes: Any) -> Json:
        return self.call("knobs", **changes)

    def calls(self, after: int = 0) -> list[Json]:
        found: list[Json] = self.call("calls", after=after)["calls"]
        return found

    def assignments(self) -> list[Json]:
        found: list[Json] = self.call("assignments")["assignments"]
        return found
