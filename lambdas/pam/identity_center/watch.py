"""What is looked at every minute: whether the denies stand, and who else has the access."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from pam.identity_center import denies, statements
from pam.identity_center.asking import NotThere
from pam.identity_center.denies import Deny
from pam.identity_center.permission_set import PermissionSet
from pam.identity_center.visit import Visit
from pam.identity_center.writer import OF_ANOTHER, Order, is_of_another


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    visit: Visit

    def keep(self) -> None:
        """Writes again what is gone or changed, and what somebody did not come to write.

        What only has no use any more waits for the next write, or until nobody has the set: until
        then each account would have to be provisioned for it.
        """
        account = self.visit.target.account
        before = self.visit.permission_set()
        if not before.denies and not before.wanted:
            return
        text = self.visit.vendor.policy()
        there, _ = statements.read(text)
        behind = before.is_inhabited(account) and self.visit.vendor.is_behind()
        known = self.visit.permission_set()
        undone = self.visit.writer.undone(known, text)
        gone = [
            deny.session_id
            for deny in known.at(account)
            # Others may have written since, before the policy was read or after it.
            if deny in before.denies and deny.session_id in before.not_covered(there)
            if deny.session_id in undone
        ]
        stale = known == before and denies.superfluous(there, known.denies)
        is_quiet = known == before and not known.is_being_written(self.visit.now())
        behind = behind and is_quiet
        if behind and not gone and known.given.get(account, 0) >= known.sent:
            # It was given what stands there, and has something else: nobody knows what it denies.
            gone = [deny.session_id for deny in known.at(account) if deny.live]
        if gone or behind:
            self._write_again(known, gone)
        elif is_quiet and known.owes(account):
            self.visit.bring(Order(version=known.wanted, is_there=self._is_there))
        elif stale and (not known.is_in_use or denies.bars(there, known.denies)):
            self.visit.writer.sweep()

    def undone(self) -> dict[str, datetime]:
        """The sessions whose deny was seen to be gone or changed, and when: until a day later,
        because it may be told late.
        """
        return self.visit.permission_set().undone(self.visit.target.account, self.visit.now())

    def standing(self) -> list[str]:
        """Ids of the sessions whose own assignment is listed: by one list, whoever is in it. What
        somebody has by a group is no session's.
        """
        try:
            users = self.visit.vendor.assigned().users
        except NotThere:
            return []
        noted = self.visit.permission_set().at(self.visit.target.account)
        return [it.session_id for it in noted if _explains(it) and it.user_id in users]

    def strangers(self) -> list[str]:
        before = self.visit.permission_set()
        assigned = self.visit.vendor.assigned()
        text = self.visit.vendor.policy()
        found, others = statements.read(text)
        known = self.visit.permission_set()
        if is_of_another(text, found, known):
            others = [*others, OF_ANOTHER]
        # Whose session began or ended while the list was read is in one of both alone.
        noted = [*before.at(self.visit.target.account), *known.at(self.visit.target.account)]
        ours = {deny.user_id for deny in noted if _explains(deny)}
        fault = self.visit.vendor.fault_of_set(self.visit.name)
        if fault:
            self.visit.change(lambda it: it.gives_longer(self.visit.now()))
        where = f"{self.visit.name} in {self.visit.target.account}"
        return [
            *(f"user {each} is assigned {where}" for each in sorted(assigned.users - ours)),
            *(f"group {each} is assigned {where}" for each in sorted(assigned.groups)),
            *(f"the inline policy of {self.visit.name} has {each}" for each in others),
            *([fault] if fault else []),
        ]

    def tidy(self, now: datetime) -> None:
        """What is to go from the policy goes with its next write, or the next `keep`."""

        def change(known: PermissionSet) -> PermissionSet | None:
            old = {each.session_id for each in known.denies if known.has_done_its_time(each, now)}
            return known.without(old)

        self.visit.change(change)

    def _write_again(self, known: PermissionSet, undone: Collection[str]) -> None:
        now = self.visit.now()
        changed = self.visit.change(lambda it: it.doubted(self.visit.target.account, now, undone))
        version = (changed or known).wanted
        self.visit.bring(Order(version=version, is_there=self._is_there))

    def _is_there(self) -> bool:
        assigned = self.visit.vendor.assigned()
        return bool(assigned.users or assigned.groups)


def _explains(deny: Deny) -> bool:
    return deny.begun and deny.live
