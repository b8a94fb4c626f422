"""One call of the API as the operations see it: who calls, what is named, what there is."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from local.okta.answers import Answer, api_error
from local.okta.directory import App, Directory, Group, User
from local.okta.faults import Faults
from local.okta.system_log import SystemLog

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """`ids` are those in the path, decoded; `url` is without query."""

    app: App
    url: str
    base_url: str
    ids: dict[str, str]
    query: dict[str, str]
    now: float
    directory: Directory
    faults: Faults
    log: SystemLog

    def group(self) -> Group:
        """Raises Refused: 404."""
        found = self.directory.groups.get(self.ids["groupId"])
        if found is None:
            raise api_error("E0000007", f"{self.ids['groupId']} (UserGroup)")
        return found

    def user(self, name: str = "userId") -> User:
        """Raises Refused: 404. A login with a slash is found by nobody, only its owner's id is."""
        named = self.ids[name]
        found = None if "/" in named else self.directory.user(named)
        if found is None:
            raise api_error("E0000007", f"{named} (User)")
        return found

    def flag(self, name: str, *, default: bool) -> bool:
        """Raises Refused: 400."""
        said = self.query.get(name)
        if said not in {None, "true", "false"}:
            raise api_error("E0000001", name)
        return default if said is None else said == "true"

    def members_seen(self, group: str, listing: str) -> set[str]:
        """Ids of members, as that listing shows them now."""
        changes, lag = self.directory.changes, self.faults.lag.get(listing, 0)
        if changes and self.faults.reads_stale():
            return self.directory.members(group, as_of=changes[-1].at - 0.001)
        return self.directory.members(group, as_of=self.now - lag if lag else None)

    def page(self, entries: list[Json], *, usual: int, most: int) -> Answer:
        """One page of them, and where the next is. Raises Refused: 400."""
        said, after = self.query.get("limit", str(usual)), self.query.get("after", "0")
        if not said.isdecimal() or not after.isdecimal() or not 1 <= int(said) <= most:
            raise api_error("E0000001", "limit")
        size = min(int(said), self.faults.page_size or most)
        first = int(after)
        link = f'<{self._of_page(after)}>; rel="self"'
        if first + size < len(entries):
            link += f', <{self._of_page(str(first + size))}>; rel="next"'
        return Answer(content=entries[first : first + size], headers={"Link": link})

    def _of_page(self, after: str) -> str:
        kept = {name: value for name, value in self.query.items() if name != "after"}
        query = urlencode(kept | ({} if after == "0" else {"after": after}))
        return f"{self.url}?{query}" if query else self.url


def written(at: float) -> str:
    """A time as Okta writes it: UTC, with milliseconds."""
    text = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
