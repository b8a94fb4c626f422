"""What end-to-end tests do and see in the stack's Slack, and in PAM behind it."""

from collections.abc import Callable
from typing import Any, TypeVar

from local.cast import Cast, until
from local.slack.control import Person, Seen, Shown
from local.slack.delivery import EVENT, TIMED_OUT
from pam.aws.attribute_values import to_item
from pam.domain.ids import is_ulid
from pam.names import SLACK_CARD, slack_table_name
from pam.slack.actions import APPROVE, DENY, SHORTER
from pam.slack.pace import UPDATES

Json = dict[str, Any]
Found = TypeVar("Found")

CORE = "core-approvals"
UAT, LEDGER, SANDBOX = "core-ledger-uat-admin", "core-ledger-admin", "core-sandbox-admin"
WAYS = ("socket", "http")
WHY = "late entries of October, by hand"
PAINTED, ULID = ", as of record ", 26
_TRIED_AGAIN = 2
SOON = 61.0 + 60.0 + 15.0
"""Seconds within which what is painted is there. A card is updated at once, unless other tests of
this stack have just used up what Slack allows in a minute; what is lost on the way is found by the
sweep of the next minute.
"""
ONCE_MORE = 75.0
"""Seconds after which Slack tells an event for the third time: the first two may come while the
machine is busy.
"""


class InSlack:
    """The stack's Slack, each act by the one way. What PAM did not answer in Slack's three seconds
    is done again, as people do it: that is a busy machine's doing, and PAM does nothing twice.
    """

    def __init__(self, cast: Cast, way: str) -> None:
        self.cast, self.way, self.slack = cast, way, cast.slack
        self.patience = SOON

    def person(self, name: str) -> Person:
        return self.slack.person(name)

    def type(self, name: str, text: str, **how: Any) -> Seen:
        return _heard(lambda: self.person(name).command(text, **{"via": self.way} | how))

    def click(self, name: str, card: Shown, action: str, **how: Any) -> Seen:
        def click(**more: Any) -> Seen:
            return self.person(name).click(card, action, **{"via": self.way} | how | more)

        return _heard(click, lambda: click(stale=True))

    def press(self, name: str, action: str, **how: Any) -> Seen:
        """A button of Home, or of a modal."""
        return _heard(lambda: self.person(name).click_view(action, **{"via": self.way} | how))

    def submit(self, name: str, values: Json, **how: Any) -> Seen:
        return _heard(lambda: self.person(name).submit(values, **{"via": self.way} | how))

    def ask(self, name: str, resource: str = UAT, length: str = "10m", why: str = WHY) -> str:
        """A request in one line; the session's id."""
        seen = self.type(name, f"{resource} {length} {why}")
        assert seen.acknowledged, seen
        session_id = "".join(seen.shown).partition("session ")[2][:ULID]
        assert is_ulid(session_id), seen
        # Posted first, and given its buttons once PAM knows where it stands.
        self.card_once(session_id, decides, "that it is to be decided")
        return session_id

    def cards(self, channel: str = CORE) -> list[Shown]:
        """Those that PAM painted, without what stands in threads."""
        found = self.slack.messages(channel)
        return [it for it in found if it.thread_ts in {None, it.ts} and PAINTED in it.text]

    def home(self, name: str, words: str) -> Json:
        """Opened now, once it has these words."""
        self.person(name).open_home(via=self.way)
        return self._shown(self.person(name).home, words, name)

    def card(self, session_id: str, channel: str = CORE) -> Shown:
        return self.soon(
            lambda: next((it for it in self.cards(channel) if session_id in it.text), None),
            f"the card of {session_id}",
        )

    def card_once(self, session_id: str, holds: Callable[[Shown], bool], what: str) -> Shown:
        def found() -> Shown | None:
            card = self.card(session_id)
            return card if holds(card) else None

        return self.soon(found, f"the card of {session_id} to say {what}")

    def thread(self, session_id: str) -> list[str]:
        return [reply.text for reply in self.slack.thread(self.card(session_id))]

    def told(self, name: str) -> list[str]:
        """Whatever was said to this person alone, oldest first."""
        person = self.person(name)
        said = [*person.direct_messages(), *person.ephemerals()]
        return [message.text for message in sorted(said, key=lambda it: it.ts)]

    def told_of(self, name: str, words: str, *, after: int = 0) -> str:
        """The first thing said to this person that has these words, past the first `after`."""
        return self.soon(
            lambda: next((it for it in self.told(name)[after:] if words in it), None),
            f"{name} to be told {words!r}; told: {self.told(name)[after:]}",
        )

    def view(self, name: str, words: str) -> Json:
        """The topmost form that is open, once it has these words."""
        return self._shown(lambda: next(reversed(self.person(name).views()), None), words, name)

    def close(self, name: str) -> None:
        self.person(name).close(via=self.way)

    def _shown(self, look: Callable[[], Json | None], words: str, name: str) -> Json:
        """Once it has these words, or a button about this session."""

        def found() -> Json | None:
            shown = look()
            pressed = [button["value"] for button in shown["buttons"]] if shown else []
            return shown if shown and (words in shown["text"] or words in pressed) else None

        return self.soon(found, f"{name} to see {words!r}")

    def soon(self, found: Callable[[], Found | None], what: str, seconds: float = 0) -> Found:
        return until(found, what, seconds or self.patience)


def _heard(act: Callable[[], Seen], again: Callable[[], Seen] | None = None) -> Seen:
    seen = act()
    for _ in range(_TRIED_AGAIN):
        if seen.error == TIMED_OUT:
            seen = (again or act)()
    return seen


def heard(cast: Cast, does: Callable[[], object]) -> None:
    """Does it, and waits until the app has taken the events that tell of it."""
    last = max((it["number"] for it in cast.slack.deliveries()), default=0)
    does()

    def taken() -> bool | None:
        events = [it for it in cast.slack.deliveries(last) if it["kind"] == EVENT]
        return (bool(events) and all(it["acknowledged"] for it in events)) or None

    until(taken, "the event to be taken", ONCE_MORE + 60.0)


def sessions_of(cast: Cast, name: str) -> set[str]:
    """Ids of this person's sessions, the newest hundred."""
    found = cast.person("ada").get(f"/pam/sessions?requester={name}&limit=100").body["items"]
    return {str(each["session_id"]) for each in found}


def forget_updates(cast: Cast) -> None:
    """As if other tests had used up nothing of what Slack allows in a minute."""
    key = to_item({"pk": f"{SLACK_CARD}pace {UPDATES.key}", "sk": "pace"})
    table = slack_table_name("local")
    cast.person("root").client("dynamodb").delete_item(TableName=table, Key=key)


def id_of(card: Shown) -> str:
    """The session that a card is of."""
    return card.text.rpartition("session ")[2].split(",")[0].strip()


def decides(card: Shown) -> bool:
    return bool({APPROVE, DENY, SHORTER} & set(card.action_ids))


def link(cast: Cast, way: str, name: str) -> None:
    """By both steps, unless the account is linked already."""
    principals = cast.person(name).get("/pam/me").body["principals"]
    if not any(each.startswith("slack:") for each in principals):
        link_anew(cast, way, name)


def link_anew(cast: Cast, way: str, name: str) -> None:
    slack = InSlack(cast, way)
    before = len(slack.told(name))
    slack.type(name, "link")
    told = slack.told_of(name, "pam link slack ", after=before)
    linked = cast.pam(name, "link", "slack", code_in(told), "--yes")
    assert linked.returncode == 0, linked.stderr


def code_in(told: str) -> str:
    return told.partition("pam link slack ")[2].split()[0]
