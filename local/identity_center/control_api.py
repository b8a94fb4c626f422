"""The verbs of the control API: how tests, and people at a terminal, act here and look at it.

`POST /control/VERB` with a JSON object of the verb's arguments. The verbs are the methods below and
those of `acts.Acts`, which need no instant. Not part of AWS.
"""

from dataclasses import asdict
from typing import Any

from local.aws import ACCOUNT
from local.identity_center.acts import Acts
from local.identity_center.directory import PERMISSION_SET
from local.identity_center.service import IdentityCenter

Json = dict[str, Any]


class NoVerbError(LookupError):
    """There is no verb of that name."""


class ControlApi:
    def __init__(self, center: IdentityCenter) -> None:
        self._center = center

    def call(self, verb: str, arguments: Json) -> Json:
        """Raises LookupError, TypeError, ValueError: there is no such verb, or it cannot be."""
        if verb.startswith("_") or verb == "call":
            raise NoVerbError(verb)
        own = getattr(self, verb, None)
        if own is not None:
            found: Json = own(**arguments)
            return found
        if getattr(Acts, verb, None) is None:
            raise NoVerbError(verb)
        return self._center.act(verb, **arguments)

    def knobs(self, **changes: Any) -> Json:
        """Turns knobs; answers all of them. See `faults.py`."""
        self._center.knobs.turn(changes)
        return self._center.knobs.as_json()

    def refuse(self, operation: str, code: str, times: int = 1) -> Json:
        self._center.faults.refuse(operation, code, times=times)
        return {}

    def accept(self, operation: str) -> Json:
        self._center.faults.accept(operation)
        return {}

    def fail(self, operation: str, reason: str, times: int = 1) -> Json:
        self._center.faults.fail(operation, reason, times=times)
        return {}

    def lose_answers(self, operation: str, times: int = 1) -> Json:
        self._center.faults.lose_answers(operation, times=times)
        return {}

    def forget_faults(self) -> Json:
        """Knobs and all that was asked to go wrong: as in the beginning."""
        self._center.faults.forget()
        return self._center.knobs.as_json()

    def sign_in(
        self, user: str, account: str = ACCOUNT, permission_set: str = PERMISSION_SET
    ) -> Json:
        """A person at the portal: credentials of the role."""
        live = self._center.sign_in(user, account=account, permission_set=permission_set)
        return {**asdict(live), "principal": live.principal}

    def calls(self, after: int = 0) -> Json:
        """Of the API, all but the first `after` ones, and how many there are in all."""
        calls = self._center.calls[after:]
        return {"calls": [asdict(it) for it in calls], "count": after + len(calls)}

    def assignments(self) -> Json:
        """Those that stand, whatever a listing says yet."""
        standing = [it for it in self._center.directory.assignments if it.gone_at is None]
        return {"assignments": [asdict(it) for it in standing]}

    def permission_set(self, permission_set: str = PERMISSION_SET, account: str = ACCOUNT) -> Json:
        """As it is, and as the account was last given it."""
        directory = self._center.directory
        there = directory.permission_sets[permission_set]
        given = directory.provisioned.get((account, permission_set))
        return {"wanted": asdict(there), "given": asdict(given) if given else None}

    def users(self) -> Json:
        return {"users": [asdict(it) for it in self._center.directory.users.values()]}
