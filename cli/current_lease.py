"""The lease of AWS credentials that a running command uses, and the next one in good time.

Programs ask for credentials as often as they like: AWS's own for Python asks before each call from
fifteen minutes before a lease's end. So what is asked for often is memory, and a new lease is taken
only where it brings something: near the end of the one there is, and not for an end that the
session has anyway.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event, Lock, Thread

from cli import clock
from cli.lease import AwsLease
from cli.problems import ApiProblem, Failure, one_line
from pam.domain.errors import Code

NEAR = timedelta(minutes=10)
"""How long before its end a lease is followed by another; half its length if that is less. Python's
SDK goes on with what it has until ten minutes before the end, and then waits for better."""
PATIENCE = 1.0
"""Seconds for which somebody who asks waits for a new lease while the old one is still good. An SDK
gives up after two."""
URGENT = timedelta(minutes=1)
"""A lease with less than this left is handed out only if there is no better one to be had."""
_LEAST = timedelta(seconds=1)
"""With less left than this there is nothing to hand out: SDKs are told the end in whole seconds, and
one that finds it passed says nothing of why."""
_LONGEST_WAIT = 30.0
"""Seconds; the API answers within that time, or not at all."""
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=1), timedelta(minutes=1)
"""After a renewal that failed, doubling."""
_OVER = frozenset({Code.CONFLICT, Code.NOT_FOUND, Code.BLOCKED})
"""Refusals after which no lease of the session works any more, whatever its own end is."""


class Over(Failure):
    """There are no credentials any more, and none will come."""


class CurrentLease:
    """Leases of one session, one after the other; safe for any number of threads."""

    def __init__(
        self,
        first: AwsLease,
        take: Callable[[], AwsLease],
        *,
        ends: datetime | None,
        tell: Callable[[str], None],
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        """`take` gets one more, or raises Failure. `ends` is the session's end, if it is known.
        `tell` hears what somebody at the terminal should know. Raises Failure for a lease that
        does not say when it ends.
        """
        self._take, self._ends, self._tell, self._now = take, ends, tell, now
        self._lock = Lock()
        self._renewal: Event | None = None
        self._over: Over | None = None
        self.ended_early = False
        """Whether the API has said that the session is over; `tell` has heard of it then."""
        self._failure: Failure | None = None
        self._pause = _FIRST_PAUSE
        self._not_before = self._keep(first)

    def get(self) -> AwsLease:
        """One that is good now. Raises Over after the session's end, and Failure where the old one
        is over and a new one cannot be had at the moment.
        """
        with self._lock:
            self._check_over()
            now = self._now()
            if not self._due(now):
                return self._good(now)
            renewal = self._renewal or self._begin()
            hurried = self._end - now < URGENT
        renewal.wait(_LONGEST_WAIT if hurried else PATIENCE)
        with self._lock:
            self._check_over()
            return self._good(self._now())

    def _keep(self, lease: AwsLease) -> datetime:
        """Makes it the current one. Returns when the next may be taken at the earliest."""
        end, now = clock.parse(lease.expires_at), self._now()
        if end is None:
            message = "the API's lease says not when it ends; is this pam older than the API?"
            raise Failure(message)
        self._lease, self._end = lease, end
        self._renew_at = end - min(NEAR, max((end - now) / 2, timedelta()))
        # Whatever two clocks make of its length, it is not one lease a call.
        return now + _FIRST_PAUSE

    def _due(self, now: datetime) -> bool:
        """Whether a new lease would bring something, and may be asked for."""
        gains = self._ends is None or self._end < self._ends
        return gains and now >= max(self._renew_at, self._not_before)

    def _good(self, now: datetime) -> AwsLease:
        if self._end - now >= _LEAST:
            return self._lease
        message = "the lease is over, and there is no new one yet"
        raise self._failure or Failure(message, transient=True)

    def _check_over(self) -> None:
        if self._over is None and self._ends is not None and self._ends - self._now() < _LEAST:
            message = f"the session {self._lease.session_id} is over; ask for another"
            self._over = Over(message)
        if self._over is not None:
            raise self._over

    def _begin(self) -> Event:
        self._renewal = done = Event()
        Thread(target=self._renew, args=(done,), name="renewal", daemon=True).start()
        return done

    def _renew(self, done: Event) -> None:
        failure: Failure | None = None
        lease: AwsLease | None = None
        try:
            lease = self._take()
        except Failure as refused:
            failure = refused
        except Exception as error:  # noqa: BLE001 - nobody else would hear of it
            failure = Failure(f"{type(error).__name__}: {one_line(error)}")
        with self._lock:
            try:
                if lease is not None:
                    before, self._not_before = self._end, self._keep(lease)
                    # No more to be had: that is the session's end, whoever did not say it.
                    self._ends = self._ends or (self._end if self._end <= before else None)
                    self._failure, self._pause = None, _FIRST_PAUSE
            except Failure as unreadable:
                failure = unreadable
            said = self._failed(failure) if failure else ""
            self._renewal = None
        done.set()
        if said:
            self._tell(said)

    def _failed(self, failure: Failure) -> str:
        """Remembers it. Returns what is to be told, once for each row of failures."""
        if isinstance(failure, ApiProblem) and failure.code in _OVER:
            self.ended_early = True
            self._over = Over(f"the session {self._lease.session_id} is over: {failure}")
            return str(self._over)
        told, self._failure = self._failure is not None, failure
        asked = timedelta(seconds=failure.retry_after)
        self._not_before = self._now() + max(self._pause, asked)
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        until = clock.both(self._end, now=self._now())
        return "" if told else f"no new lease yet: {failure}; the one in use is good until {until}"
