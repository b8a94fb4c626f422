"""A payload of Slack's, read strictly: each value by its path, and only in the form that it has."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

LONGEST_TEXT = 12_000
"""Characters. Of one text of a person's; longer than any field takes."""
_LONGEST_NAME = 255
_MOST_INPUTS = 100
TEAM = re.compile(r"T[A-Z0-9]{1,20}", re.ASCII)
ENTERPRISE = re.compile(r"E[A-Z0-9]{1,20}", re.ASCII)
USER = re.compile(r"[UW][A-Z0-9]{1,20}", re.ASCII)
_CHANNEL = re.compile(r"[CDG][A-Z0-9]{1,20}", re.ASCII)
_TS = re.compile(r"[0-9]{1,12}\.[0-9]{1,9}", re.ASCII)
_NAME = re.compile(r"[\x21-\x7e]+", re.ASCII)


class Unreadable(Exception):
    """It is not as Slack writes it. The message has none of the sender's words."""


@dataclass(frozen=True, slots=True)
class Payload:
    """Whatever JSON it is. A path names what stands in objects in objects."""

    whole: object

    def part(self, *path: str) -> object:
        """None where something on the way is missing or no object."""
        found = self.whole
        for name in path:
            found = found.get(name) if isinstance(found, Mapping) else None
        return found

    def inner(self, *path: str) -> "Payload":
        return Payload(self.part(*path))

    def has(self, *path: str) -> bool:
        return self.part(*path) is not None

    def only(self, *path: str) -> "Payload":
        """The one entry of a list. Raises Unreadable for none and for several."""
        found = self.part(*path)
        if not isinstance(found, list) or len(found) != 1:
            message = f"not one of {path[-1]}"
            raise Unreadable(message)
        return Payload(found[0])

    def text(self, *path: str) -> str:
        """A person's; empty where there is none. Raises Unreadable for what is longer than any, or
        could not be written down.
        """
        found = self.part(*path)
        if found is None:
            return ""
        if not isinstance(found, str) or len(found) > LONGEST_TEXT:
            raise _other_form(path)
        try:
            found.encode()
        except UnicodeEncodeError:
            raise _other_form(path) from None
        return found

    def name(self, *path: str, optional: bool = False) -> str:
        """Slack's or PAM's own: printable ASCII without spaces. Empty where it may be missing and
        is.
        """
        found = self.text(*path)
        if optional and not found:
            return ""
        if len(found) > _LONGEST_NAME or not _NAME.fullmatch(found):
            raise _other_form(path)
        return found

    def channel(self, *path: str, optional: bool = False) -> str:
        found = self._id(_CHANNEL, path)
        if not (found or optional):
            raise _other_form(path)
        return found

    def user(self, *path: str) -> str:
        """Like the next three: empty for what is no such id, and whoever is without one is refused
        with a sentence.
        """
        return self._id(USER, path)

    def team(self, *path: str) -> str:
        return self._id(TEAM, path)

    def enterprise(self, *path: str) -> str:
        return self._id(ENTERPRISE, path)

    def team_or_enterprise(self, *path: str) -> str:
        return self.team(*path) or self.enterprise(*path)

    def ts(self, *path: str) -> str:
        """Of a message or an act; empty for what is none."""
        return self._id(_TS, path)

    def _id(self, form: re.Pattern[str], path: tuple[str, ...]) -> str:
        found = self.part(*path)
        return found if isinstance(found, str) and form.fullmatch(found) else ""


def _other_form(path: tuple[str, ...]) -> Unreadable:
    return Unreadable(f"{path[-1]} has another form")


def known_by(*parts: str) -> str:
    """One text for these, and for no others: a hash, so that it is as long as a key may be."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def values_of_view(sent: Payload) -> dict[str, tuple[str, ...]]:
    """What stands in a modal's inputs, by block. A block has one element. Raises Unreadable."""
    blocks = sent.part("view", "state", "values")
    if not isinstance(blocks, Mapping) or len(blocks) > _MOST_INPUTS:
        raise _other_form(("values",))
    found: dict[str, tuple[str, ...]] = {}
    for block_id, elements in blocks.items():
        if not isinstance(elements, Mapping) or len(elements) != 1:
            raise _other_form(("values",))
        found[str(block_id)] = _chosen(Payload(next(iter(elements.values()))))
    return found


def _chosen(element: Payload) -> tuple[str, ...]:
    several = element.part("selected_options")
    if isinstance(several, list):
        if len(several) > _MOST_INPUTS:
            raise _other_form(("selected_options",))
        return tuple(Payload(each).text("value") for each in several)
    one = element.text("value") or element.text("selected_option", "value")
    return (one,) if one else ()
