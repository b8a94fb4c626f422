"""Jobs of one channel (or of one user), as many as came at once: done without waiting in between.

Cards come first, because people decide by them. What would be too fast for Slack is put off: to the
end of the line, if others stand in it, or for so long as Slack says, and with it all that stands
behind it. Nothing is lost by that: a job says only for whom there is something to paint.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from aws_lambda_powertools import Logger

from pam.painting.painter import Painter
from pam.painting.ports import Web
from pam.painting.posting import Later, LeftForNow, Work
from pam.ports.slack_cards import StaleCard
from pam.slack.jobs import Job, Look, Method, Paint, Send, group_of
from pam.slack_web.errors import Failing, Gone, Limited, Rejected, SlackFailed

logger = Logger()

AGAIN_AFTER = 20
"""Seconds, while Slack does not answer: so that all is right within a minute after it does."""
_LONGEST = 300
"""Seconds, while Slack answers and fails at one call."""
_FULL = 10
"""As many jobs as come at once when more are waiting."""
_MOST_FAULTS = 5
_CHANNELS = ("C", "G")
"""How the ids of channels begin; those of people and of direct messages begin otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A job as it came; `times`: how often it came before, this time included."""

    message_id: str
    job: Job
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What is not done. `seconds`: how long it waits, and all behind it."""

    waiting: tuple[Waiting, ...] = ()
    seconds: int = 0
    to_the_end: tuple[Waiting, ...] = ()
    faults: tuple[Waiting, ...] = ()
    """Of PAM itself: given up for now; the sweep finds their sessions again."""


class _Stopped(Exception):
    """Slack wants no more for so many seconds."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


@dataclass(slots=True, kw_only=True)
class Line:
    painter: Painter
    web: Web
    clock: Callable[[], datetime]
    has_time: Callable[[], bool]

    def work_off(self, jobs: Sequence[Waiting]) -> Left:
        """Of one group, in their order."""
        painting = _Batch()
        try:
            self._look_all([each for each in jobs if isinstance(each.job, Look)], painting)
            self._send_all([each for each in jobs if isinstance(each.job, Send)], painting)
            self._paint_all([each for each in jobs if isinstance(each.job, Paint)], painting)
        except _Stopped as stopped:
            left = [each for each in jobs if each.message_id not in painting.settled]
            return painting.left(left, stopped.seconds)
        late = [each for each in jobs if each.message_id not in painting.settled]
        if painting.painted and len(jobs) >= _FULL:
            return painting.left([], 0, to_the_end=late)
        return painting.left(late, painting.wait)

    def _look_all(self, looks: Iterable[Waiting], batch: "_Batch") -> None:
        for each in looks:
            channel = group_of(each.job)
            self._try(each, batch, partial(self.painter.wake_all_in, channel))

    def _send_all(self, sends: Iterable[Waiting], batch: "_Batch") -> None:
        for each in sends:
            job = each.job
            assert isinstance(job, Send)  # noqa: S101 - just seen, for the type checker
            if self.clock() >= job.not_after:
                logger.warning("too late", extra={"method": job.method.value})
                batch.settled.add(each.message_id)
                continue
            self._try(each, batch, partial(self._send, job))

    def _send(self, job: Send) -> None:
        place = str(job.arguments.get("channel", job.to))
        # What one person alone sees may be said anywhere: why they were refused, for one.
        if job.method is Method.POST_MESSAGE and place.startswith(_CHANNELS):
            reason = self.painter.channels.refused(place)
            if reason:
                logger.warning("not sent", extra={"method": job.method.value, "error": reason})
                return
        try:
            self.web(job.method.value, job.arguments)
        except (Gone, Rejected) as error:
            logger.warning("not sent", extra={"method": job.method.value, "error": error.error})
            if isinstance(error, Rejected):
                self.painter.count_fault()

    def _paint_all(self, paints: Sequence[Waiting], batch: "_Batch") -> None:
        """Each session once, whatever number of jobs named it."""
        works: list[tuple[list[Waiting], Work]] = []
        for session_id, same in _by_session(paints).items():
            work = self._begin(session_id, same, batch)
            if work is not None:
                works.append((same, work))
        painter, teller = self.painter, self.painter.teller
        steps = (painter.paint_card, teller.tell_requester, teller.tell_thread, teller.erase)
        for step in steps:
            for same, work in list(works):
                if not self._try(same[0], batch, partial(self._now, step, work)):
                    works.remove((same, work))
                batch.painted = batch.painted or work.painted
        for same, work in works:
            if self._try(same[0], batch, partial(self._now, painter.finish, work)):
                batch.settled.update(each.message_id for each in same)

    def _now(self, step: Callable[[Work, datetime], None], work: Work) -> None:
        with suppress(LeftForNow):
            step(work, self.clock())

    def _begin(self, session_id: str, same: list[Waiting], batch: "_Batch") -> Work | None:
        found: list[Work | None] = []
        if not self._try(same[0], batch, lambda: found.append(self.painter.begin(session_id))):
            return None
        if found[0] is None:
            logger.warning("no such session", extra={"session_id": session_id})
            batch.settled.update(each.message_id for each in same)
        return found[0]

    def _try(self, each: Waiting, batch: "_Batch", act: Callable[[], None]) -> bool:
        """Whether it is done. Raises _Stopped where nothing behind it can be done either."""
        if not self.has_time():
            raise _Stopped(1)
        try:
            act()
        except Later as later:
            batch.wait = min(batch.wait or later.seconds, later.seconds)
            return False
        except StaleCard:
            batch.wait = 1
            return False
        except Limited as limited:
            raise _Stopped(limited.retry_after) from None
        except Failing as failing:
            logger.warning("Slack fails", extra={"error": failing.error})
            raise _Stopped(self._pause(each)) from None
        except SlackFailed as error:
            logger.warning("Slack does not answer", extra={"error": error.error})
            raise _Stopped(AGAIN_AFTER) from None
        except Exception:
            logger.exception("not painted", extra={"message_id": each.message_id})
            if each.times >= _MOST_FAULTS:
                batch.faults.append(each)
                batch.settled.add(each.message_id)
            batch.wait = AGAIN_AFTER
            return False
        if not isinstance(each.job, Paint):
            batch.settled.add(each.message_id)
        return True

    def _pause(self, each: Waiting) -> int:
        """Longer each time for one message at which Slack fails though it answers; else as for a
        Slack that is down.
        """
        if not isinstance(each.job, Send):
            return AGAIN_AFTER
        try:
            self.web("auth.test", {})
        except SlackFailed:
            return AGAIN_AFTER
        return min(AGAIN_AFTER << min(each.times - 1, 4), _LONGEST)


class _Batch:
    def __init__(self) -> None:
        self.settled: set[str] = set()
        self.faults: list[Waiting] = []
        self.painted = False
        self.wait = 0

    def left(
        self, waiting: Sequence[Waiting], seconds: int, to_the_end: Sequence[Waiting] = ()
    ) -> Left:
        return Left(
            waiting=tuple(waiting),
            seconds=seconds,
            to_the_end=tuple(to_the_end),
            faults=tuple(self.faults),
        )


def _by_session(paints: Sequence[Waiting]) -> dict[str, list[Waiting]]:
    found: dict[str, list[Waiting]] = {}
    for each in paints:
        assert isinstance(each.job, Paint)  # noqa: S101 - just seen, for the type checker
        found.setdefault(each.job.session_id, []).append(each)
    return found
