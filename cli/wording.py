"""A refusal in the words of whoever typed the command: their options, their units, a near miss.

The API speaks of fields and seconds. What else has to be looked up for that is looked up after the
refusal only, so that a command that works makes no call more than it needs.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from cli.durations import parse as duration_typed
from cli.problems import ApiProblem, Failure
from cli.text import clean, short_principal
from pam.domain import durations
from pam.domain.errors import Code

if TYPE_CHECKING:
    from cli.api import Api

_PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "duration_seconds": ("length",),
    "seconds": ("length",),
    "block_seconds": ("block", "until_lifted"),
    "block_scope": ("one_resource",),
    "requester": ("requester", "person"),
    "since": ("since",),
    "until": ("until",),
}
"""A field of the API to what the parameter is called in Python; by default the same."""
_LENGTHS = {"duration_seconds", "seconds", "block_seconds"}
_NUMBER = re.compile(r"\b\d{1,9}\b", re.ASCII)
_FIELD = re.compile(r"`(\w+)`", re.ASCII)
"""A field of the API that its message names as a way out."""
_SAID_AGAIN = re.compile(r"\S{1,40}")
"""What of typed values stands in the line: names and lengths, not a reason."""


@dataclass(frozen=True, slots=True)
class Typed:
    """`shown` is the option, `--for`, or the argument, `RESOURCE`."""

    shown: str
    value: object

    @property
    def was_given(self) -> bool:
        return self.value is not None and self.value is not False

    def __str__(self) -> str:
        short = isinstance(self.value, str) and _SAID_AGAIN.fullmatch(self.value)
        return f"{self.shown} {self.value}" if short else self.shown


def reword(problem: ApiProblem, typed: Mapping[str, Typed], api: Callable[[], "Api"]) -> None:
    """Gives the API's refusal a better line, where there is one; programs read the same document.
    What `pam` itself refused is in these words already.
    """
    if not problem.status:
        return
    line = _in_options(problem, typed, api) if problem.errors else str(problem)
    if near := _near_miss(problem, typed, api):
        line = f"{line}; did you mean {near}?"
    problem.args = (line,)


def alike(typed: str, known: Iterable[str]) -> str:
    """`alice or alina`; empty if nothing known is like what was typed, or it is known itself."""
    names = sorted(set(known))
    if typed in names:
        return ""
    near = get_close_matches(typed.lower(), names, n=2, cutoff=0.7)
    return clean(" or ".join(near))


def _in_options(problem: ApiProblem, typed: Mapping[str, Typed], api: Callable[[], "Api"]) -> str:
    faults, errors = [], problem.errors
    for error in errors:
        field, message = str(error.get("field")), str(error.get("message"))
        names = _PARAMETERS.get(field, (field,))
        given = [typed[name] for name in names if name in typed and typed[name].was_given]
        if field in _LENGTHS:
            message = _longest(typed, api) or _NUMBER.sub(_length, message)
        message = _FIELD.sub(lambda match: _option(match, typed), message)
        faults.append(f"{given[0] if given else field}: {message}")
    left_out = re.search(r"; (and \d+ more)$", problem.detail)
    faults += [left_out[1]] if left_out else []
    said = all(f"{each.get('field')}: {each.get('message')}" in problem.detail for each in errors)
    whole = "; ".join(faults)
    return f"{problem.code}: {whole if said else f'{problem.detail} ({whole})'}"


def _longest(typed: Mapping[str, Typed], api: Callable[[], "Api"]) -> str:
    """`core-ledger-admin is lent for at most 4h`, if longer was asked of what one may have."""
    asked, length = typed.get("resource"), typed.get("length")
    if asked is None or length is None or not isinstance(length.value, str):
        return ""
    wanted = duration_typed(length.value).total_seconds()
    for item in _resources(api):
        seconds = item.get("max_duration_seconds")
        if item.get("resource") != asked.value or not isinstance(seconds, int):
            continue
        if seconds < wanted:
            return f"{asked.value} is lent for at most {_rendered(seconds)}"
    return ""


def _near_miss(problem: ApiProblem, typed: Mapping[str, Typed], api: Callable[[], "Api"]) -> str:
    """A resource or a person whom the caller knows, and who is called almost so."""
    resource, person = typed.get("resource"), typed.get("person") or typed.get("principal")
    near, unknown = "", problem.code in {Code.NOT_FOUND, Code.NOT_ELIGIBLE} or _of_person(problem)
    if problem.code == Code.NOT_FOUND and resource and resource.value:
        near = near_resource(str(resource.value), api)
    if unknown and not near and person and person.value:
        near = near_person(str(person.value), api)
    return near


def near_resource(typed: str, api: Callable[[], "Api"]) -> str:
    """Of those that the caller may ask for, or has seen sessions of: `a`, or `a or b`, or empty."""
    lists = (_resources(api), _items(api, "/pam/sessions"))
    return alike(typed, (str(each.get("resource")) for items in lists for each in items))


def near_person(typed: str, api: Callable[[], "Api"]) -> str:
    """The same of those who asked lately, or are blocked."""
    lists = (_items(api, "/pam/sessions"), _items(api, "/pam/blocklist"))
    named = (each.get("requester") or each.get("person") for items in lists for each in items)
    return alike(typed, (short_principal(str(each)) for each in named))


def _of_person(problem: ApiProblem) -> bool:
    return any(error.get("field") in {"person", "principal"} for error in problem.errors)


def _resources(api: Callable[[], "Api"]) -> list[Mapping[str, Any]]:
    return _items(api, "/pam/resources")


def _items(api: Callable[[], "Api"], path: str) -> list[Mapping[str, Any]]:
    """Empty after any failure: the refusal that is to be explained is worth more."""
    try:
        items = api().get(path).get("items")
    except Failure:
        return []
    return [each for each in items if isinstance(each, Mapping)] if isinstance(items, list) else []


def _option(match: re.Match[str], typed: Mapping[str, Typed]) -> str:
    return typed[match[1]].shown if match[1] in typed else match[0]


def _length(match: re.Match[str]) -> str:
    return _rendered(int(match[0]))


def _rendered(seconds: int) -> str:
    return durations.render(timedelta(seconds=seconds))
