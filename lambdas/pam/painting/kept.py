"""What the painter remembers, on a shelf that knows nothing of Slack."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pam.ports.slack_cards import CardShelf, StaleCard
from pam.slack.pace import Pace
from pam.slack.posted import Posted

_LOST_RACES = 5
_A_MOMENT = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCards:
    """Implements `ports.Cards`."""

    shelf: CardShelf
    clock: Callable[[], datetime]

    def get(self, session_id: str) -> Posted | None:
        text = self.shelf.read(session_id)
        return None if text is None else Posted.from_text(text)

    def several(self, session_ids: Sequence[str]) -> dict[str, Posted]:
        texts = self.shelf.read_several(session_ids)
        return {session_id: Posted.from_text(text) for session_id, text in texts.items()}

    def save(self, posted: Posted) -> Posted:
        kept = replace(posted, version=posted.version + 1)
        self.shelf.write(
            kept.session_id,
            kept.to_text(),
            version=kept.version,
            finished=kept.finished,
            now=self.clock(),
        )
        return kept

    def unfinished(self) -> Iterable[str]:
        return self.shelf.unfinished()

    def stands(self, posted: Posted) -> None:
        self.shelf.stands(posted.channel, posted.ts, posted.session_id, self.clock())


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPaces:
    """Implements `ports.Paces`. All painters count together."""

    shelf: CardShelf

    def take(self, pace: Pace, now: datetime) -> timedelta:
        for _ in range(_LOST_RACES):
            taken, version = self.shelf.taken(pace.key)
            wait = pace.wait(taken, now)
            if wait:
                return wait
            counted = (*pace.left_of(taken, now), now)
            try:
                self.shelf.take(pace.key, counted, version=version + 1, until=now + pace.within)
            except StaleCard:
                continue
            return timedelta()
        return _A_MOMENT
