"""The one writer of a permission set's policy.

AWS takes the whole policy or nothing, so two who write at once would undo each other. Whoever
writes takes a lock that lasts half a minute, and renders what is stored then. Of twenty that come
at once, one writes what all of them want, and the others wait until they see it written. A policy
is sent only while so much of the lock is left that the call cannot land after it. If it does all
the same, its sender knows that the lock is another's and writes anew; and if that one is dead, the
search of the next minute does.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

from pam.domain.errors import IssuerUnavailable
from pam.identity_center import denies, statements
from pam.identity_center.asking import NotThere, Unclear
from pam.identity_center.denies import Deny
from pam.identity_center.notes import Notes
from pam.identity_center.patience import LAST_CALL, OutOfTime, Patience
from pam.identity_center.permission_set import PermissionSet, Provisioning
from pam.identity_center.statements import Statement
from pam.identity_center.vendor import Operation, Status, Vendor

_LANDED = timedelta(seconds=2 * LAST_CALL)
"""So much of the lock is left when a policy is sent."""
_LOST = "another writer took the lock"
_APART = 1.0
OF_ANOTHER = "statements of sessions that are not this deployment's"


class ForeignStatements(Exception):
    """Somebody else wrote into the policy. Nothing was changed."""


class NotYet(OutOfTime):
    """The account has no role of the set, and is getting one."""


class LockLost(OutOfTime):
    """Another has the lock: what this one sent counts for nothing until it is seen to stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be done: the account is to have at least this version. `first`: whether a start
    wants it, which writes over nothing that others wrote, and waits for who began before it.
    `moved`: the deny as it was seen to stand, where an end moved it to this version. `is_there`:
    whether the account has a role of the set; asked only if no session of PAM's says so.
    """

    version: int
    first: bool = False
    moved: Deny | None = None
    is_there: Callable[[], bool] = lambda: False


def is_of_another(text: str, there: Sequence[Statement], known: PermissionSet) -> bool:
    """Whether somebody who writes as PAM does wrote it, of sessions that PAM does not know: another
    deployment, which the denies that stand there are for. `known` is read after the policy.
    """
    return denies.superfluous(there, known.denies) and not known.has_said(statements.digest(text))


class PolicyWriter:
    """Of one permission set, for one account."""

    def __init__(
        self, vendor: Vendor, notes: Notes, patience: Patience, *, permission_set: str, account: str
    ) -> None:
        self._vendor = vendor
        self._notes = notes
        self._patience = patience
        self._arn = permission_set
        self._account = account

    def bring(self, order: Order) -> None:
        """Returns once the account was seen to have it. Raises OutOfTime, ForeignStatements,
        NotThere, IssuerUnavailable.
        """
        while not self._notes.permission_set(self._arn).has_written(self._account, order.version):
            held = self._notes.change_set(self._arn, lambda it: it.locked(self._patience.now()))
            if held is None:
                self._patience.wait(1.0)  # somebody else is writing
                continue
            try:
                with self._holding(held):
                    self._write(held, order)
            except LockLost:
                continue
            except NotYet:
                self._patience.wait(1.0)

    def sweep(self) -> None:
        """Lets go what no stored deny explains any more. Nobody waits for it, so it is read back
        with the next look; and whoever writes just now does the same.
        """
        held = self._notes.change_set(self._arn, lambda it: it.locked(self._patience.now()))
        if held is None:
            return
        with self._holding(held):
            undone = self.undone(held, self._glance(held))
            self._send(held, denies.rendered(held.denies), undone)
            asked = None
            if self._begun_since():
                asked = self._provision(held, Order(version=held.wanted))
            if asked is not None:
                self._see_provisioned(asked)
        self._unlock(held)

    @contextmanager
    def _holding(self, held: PermissionSet) -> Iterator[None]:
        """Whoever fails lets the lock go, so that no end waits for it."""
        try:
            yield
        except Unclear:
            # What was sent may land as long as the lock lasts: nobody else writes until then.
            raise
        except (OutOfTime, ForeignStatements, NotThere, IssuerUnavailable):
            self._unlock(held)
            raise

    def _unlock(self, held: PermissionSet) -> None:
        self._notes.change_set(self._arn, lambda it: it.unlocked(held.fence))

    def _write(self, held: PermissionSet, order: Order) -> None:
        under_way = held.provisioning.get(self._account)
        text = denies.rendered(held.denies)
        if under_way is not None and under_way.version != held.wanted:
            if self._is_given(held, under_way):
                self._wrote(held, under_way.version)
                return
            under_way = None
        if under_way is None:
            self._put(held, text, order)
            if held.is_inhabited(self._account) or self._begun_since() or order.is_there():
                under_way = self._provision(held, order)
            else:
                under_way = None
        if under_way is not None:
            self._see_provisioned(under_way)
        self._see_policy(text)
        self._wrote(held, held.wanted)

    def _is_given(self, held: PermissionSet, asked: Provisioning) -> bool:
        """What AWS is at, seen to its end: it does one at a time, and if each that comes put the
        ones before it off by what it wants itself, nobody who waits would ever see theirs done.
        """
        with suppress(IssuerUnavailable):  # failed: what is wanted now is asked for below
            self._see_provisioned(asked)
            there, others = statements.read(self._vendor.policy())
            waiting = (it for it in held.at(self._account) if it.version <= asked.version)
            return not others and all(denies.covers(there, each) for each in waiting)
        return False

    def _wrote(self, held: PermissionSet, version: int) -> None:
        now = self._patience.now()
        wrote = self._notes.change_set(
            self._arn, lambda it: it.wrote(held.fence, self._account, version, now)
        )
        if wrote is None:
            raise LockLost(_LOST)

    def _put(self, held: PermissionSet, text: str, order: Order) -> None:
        if not order.first:
            known = held
            if order.moved is not None and held.sent < order.version:
                known = held.with_deny(order.moved)
            self._send(held, text, self.undone(known, self._glance(held)))
            return
        there = self._vendor.policy()
        ours, others = statements.read(there)
        if others:
            raise ForeignStatements(statements.told(others))
        if is_of_another(there, ours, held):
            raise ForeignStatements(OF_ANOTHER)
        if not statements.same(there, text):
            self._send(held, text, self.undone(held, there))

    def undone(self, known: PermissionSet, there: str | None) -> frozenset[str]:
        """Whose denies somebody took or changed, and nobody could tell once they are written again.
        Seen twice: what was read (`there`) may be from before the last write.
        """
        gone = _not_covered(known, there)
        if not gone:
            return gone
        with suppress(OutOfTime):
            self._patience.wait(_APART)
        again = self._glance(known)
        return gone if again is None else gone & _not_covered(known, again)

    def _glance(self, held: PermissionSet) -> str | None:
        """No end waits for it, and none asks if there is nothing that it could tell."""
        return self._vendor.policy_at_a_glance() if held.is_armed_at_all else None

    def _send(self, held: PermissionSet, text: str, undone: Collection[str] = ()) -> None:
        self._still_mine(held, text, undone)
        self._vendor.put_policy(text, lambda: self._check_lock(held))
        self._still_mine(held, text)

    def _check_lock(self, held: PermissionSet) -> None:
        if held.locked_until is None or held.locked_until - self._patience.now() < _LANDED:
            message = "the lock lasts no longer than a call may take"
            raise OutOfTime(message)

    def _still_mine(self, held: PermissionSet, text: str, undone: Collection[str] = ()) -> None:
        now, version, digest = self._patience.now(), held.wanted, statements.digest(text)
        if not self._notes.change_set(
            self._arn, lambda it: it.sending(held.fence, now, version, digest, undone)
        ):
            raise LockLost(_LOST)

    def _begun_since(self) -> bool:
        """Whoever began after the policy was sent is given it with the assignment; who began before
        it may have the one of before.
        """
        return self._notes.permission_set(self._arn).is_inhabited(self._account)

    def _is_being_inhabited(self) -> bool:
        now = self._patience.now()
        return self._notes.permission_set(self._arn).is_being_inhabited(self._account, now)

    def _provision(self, held: PermissionSet, order: Order) -> Provisioning | None:
        """None if the account has no role of the set."""
        try:
            operation = self._vendor.provision()
        except NotThere as missing:
            if order.first and self._is_being_inhabited():
                # The first assignment there is being made, and may give the policy of before.
                message = "another assignment is being made there"
                raise NotYet(message) from missing
            return None
        except Unclear as lost:
            # Done or not, it can be asked for again; only a policy must not land later.
            raise OutOfTime(lost.detail) from lost
        asked = Provisioning(request_id=operation.request_id, version=held.wanted)
        # Before anybody asks how it goes: whoever comes after a crash can ask as well.
        known = self._notes.change_set(
            self._arn, lambda it: it.provisions(held.fence, self._account, asked)
        )
        if known is None:
            raise LockLost(_LOST)
        return asked

    def _see_provisioned(self, asked: Provisioning) -> None:
        polls = self._patience.polls()
        while (seen := self._progress(asked)).status is Status.IN_PROGRESS:
            polls.wait()
        done = seen.status is Status.SUCCEEDED
        self._notes.change_set(
            self._arn, lambda it: it.provisioned(self._account, asked, done=done)
        )
        if seen.status is Status.FAILED:
            message = f"the permission set could not be provisioned: {seen.reason}"
            raise IssuerUnavailable(message)

    def _progress(self, asked: Provisioning) -> Operation:
        try:
            return self._vendor.provisioning(asked.request_id)
        except NotThere:
            return Operation(
                request_id=asked.request_id, status=Status.FAILED, reason="nobody knows of it"
            )

    def _see_policy(self, text: str) -> None:
        polls = self._patience.polls()
        while not statements.same(self._vendor.policy(), text):
            polls.wait()


def _not_covered(held: PermissionSet, there: str | None) -> frozenset[str]:
    return frozenset() if there is None else held.not_covered(statements.read(there)[0])
