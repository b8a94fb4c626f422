"""What is said of a session beside its card: in the thread under it, and to its requester."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from aws_lambda_powertools import Logger

from pam.domain.audit_record import Record
from pam.painting.ports import Addresses, Sessions
from pam.painting.posting import Later, Post, Work
from pam.slack import due
from pam.slack.blocks import Message
from pam.slack.due import Line
from pam.slack.posted import Said
from pam.slack.thread import Done
from pam.slack_web.errors import Gone, Rejected

logger = Logger()

CHANNEL_ERRORS = frozenset(
    {"channel_not_found", "is_archived", "channel_is_archived", "not_in_channel"}
)
_PAGE, _MOST_PAGES = 100, 20
"""Records read at once, and pages of them for one job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """`refuse` is what the painter does where a channel cannot be written to. Each step raises
    Later, LeftForNow, StaleCard or SlackFailed.
    """

    store: Sessions
    post: Post
    addresses: Addresses
    count_fault: Callable[[], None]
    refuse: Callable[[Work, str], None]

    def tell_requester(self, work: Work, now: datetime) -> None:
        lines = list(due.direct_lines(work.session, work.posted, now, work.shown.title))
        user = self.addresses.of(work.session) if lines else None
        for line in lines:
            if user is None:
                self.post.keep(work, work.posted.with_said(line.said))
            else:
                self._say(work, line, user)

    def tell_thread(self, work: Work, now: datetime) -> None:
        if not work.has_thread:
            return
        for records in self._new_records(work):
            self._count(work, records)
            self._tell(work, records)
        for line in due.notices(work.session, work.posted, now):
            self._say(work, line, work.channel)
        self._tell_what_was_done(work)

    def _new_records(self, work: Work) -> Iterator[list[Record]]:
        for _ in range(_MOST_PAGES):
            session = work.session
            records = self.store.records_after(session.session_id, work.posted.told, _PAGE)
            # What was recorded since the session was read is for the job that this has woken.
            known = [each for each in records if each["sequence"] <= session.sequence]
            if known:
                yield known
            if len(known) < _PAGE or not work.has_thread:
                return
        raise Later(1)

    def _count(self, work: Work, records: list[Record]) -> None:
        posted = work.posted
        new = [each for each in records if each["sequence"] > posted.counted]
        if new:
            done = posted.done + Done.shown_by(new)
            self.post.keep(work, replace(posted, done=done, counted=new[-1]["sequence"]))

    def _tell(self, work: Work, records: list[Record]) -> None:
        for line in due.thread_lines(work.session, records):
            self._say(work, line, work.channel, told=line.said.last)
        if work.has_thread:
            self.post.keep(work, replace(work.posted, told=records[-1]["sequence"]))

    def _tell_what_was_done(self, work: Work) -> None:
        line = due.what_was_done(work.session, work.posted)
        if line is None:
            return
        if not line.said.ts:
            self._say(work, line, work.channel)
        else:
            self._anew(work, line.said, line.message)
            self.post.keep(work, work.posted.with_said(line.said))

    def _say(self, work: Work, line: Line, channel: str, told: int = 0) -> None:
        if work.refused and channel == work.channel:
            return
        thread = work.posted.ts if channel == work.channel else ""
        try:
            stands = self.post.message(work, line.said, line.message, channel, thread)
        except (Gone, Rejected) as error:
            logger.warning("not said", extra={"error": error.error, **_about(work)})
            if isinstance(error, Rejected):
                self.count_fault()
            if channel == work.channel and error.error in CHANNEL_ERRORS:
                self.refuse(work, error.error)
                return
            stands = None
        posted = replace(work.posted, begun="", tries=0).with_said(stands or line.said)
        self.post.keep(work, replace(posted, told=max(told, posted.told)))

    def erase(self, work: Work, now: datetime) -> None:
        """What people wrote goes out of all that was said, wherever it stands."""
        if work.session.text_key or work.posted.erased:
            return
        for said in work.posted.said:
            records: list[Record] = []
            if said.first:
                most = said.last - said.first + 1
                records = self.store.records_after(work.session.session_id, said.first - 1, most)
            message = due.anew(said, work.session, records, now, work.shown.title)
            if said.ts and message is not None:
                self._anew(work, said, message)
        self.post.keep(work, replace(work.posted, erased=True))

    def _anew(self, work: Work, said: Said, message: Message) -> None:
        try:
            self.post.update(work, message, said.channel, said.ts)
        except (Gone, Rejected) as error:
            logger.warning("not painted anew", extra={"error": error.error, **_about(work)})
            if isinstance(error, Rejected):
                self.count_fault()


def _about(work: Work) -> dict[str, str]:
    return {"session_id": work.session.session_id, "channel": work.channel}
