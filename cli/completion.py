"""What the shell offers after TAB: resources, sessions, profiles, states.

Quick and silent: what the API said last is kept for a little while, a slow answer is not waited
for, and every failure is an empty list.
"""

import json
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import typer

Offer = Callable[..., list[str]]
"""Of what was typed so far (`incomplete`) and, where that matters, of the context."""

PATIENCE = 2.0
"""Seconds that somebody who pressed TAB is kept waiting at most."""
KEPT = 30.0
"""Seconds for which the API's answer is used again."""
_PLAIN = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.,:/@+=-]*", re.ASCII)
"""What no shell acts upon: some put an offer into the line, or evaluate it, as it is."""
_COMMON = ("profile", "env", "region", "api_url")
_AROUND = (
    *("AWS_ACCESS_KEY_ID", "AWS_CONFIG_FILE", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"),
    *("AWS_PROFILE", "AWS_REGION", "AWS_SHARED_CREDENTIALS_FILE", "PAM_API_URL", "PAM_ENV"),
)
"""What says who calls, and where PAM is. No secret: the rest of the keys is left out."""
_SESSIONS: Mapping[str, tuple[str, frozenset[str]]] = {
    "approve": ("votes", frozenset()),
    "deny": ("votes", frozenset()),
    "review": ("reviews", frozenset()),
    "confirm": ("confirmations", frozenset()),
    "exec": ("items", frozenset({"ACTIVE"})),
    "credentials": ("items", frozenset({"ACTIVE"})),
    "console": ("items", frozenset({"ACTIVE"})),
}
"""Command to the list that it is about, and the states of it; every other: all sessions."""


def sessions(ctx: typer.Context, incomplete: str) -> list[str]:
    listed, states = _SESSIONS.get(str(ctx.info_name), ("items", frozenset()))
    path = "/pam/sessions" if listed == "items" else "/pam/inbox"
    items = _items(_answer(ctx, path), listed)
    known = (str(i.get("session_id")) for i in items if not states or i.get("status") in states)
    found = _beginning(known, incomplete.upper())
    # Either case names a session; the shell goes on only with what begins as it was typed.
    return found if incomplete.isupper() or not incomplete else [each.lower() for each in found]


def resources(ctx: typer.Context, incomplete: str) -> list[str]:
    items = _items(_answer(ctx, "/pam/resources"), "items")
    return _beginning((str(item.get("resource")) for item in items), incomplete)


def profiles(incomplete: str) -> list[str]:
    """Read from the two files themselves: botocore takes longer to load than somebody waits."""
    from configparser import Error, RawConfigParser

    names: set[str] = set()
    for variable, usual in (
        ("AWS_CONFIG_FILE", "config"),
        ("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
    ):
        path = Path(os.environ.get(variable) or Path.home() / ".aws" / usual).expanduser()
        parser = RawConfigParser(strict=False, interpolation=None)
        with suppress(OSError, Error, UnicodeError):
            parser.read_string(path.read_text(encoding="utf-8"))
        sections = (name for name in parser.sections() if not name.startswith("sso-session "))
        names |= {name.removeprefix("profile ").strip() for name in sections}
    return _beginning(names, incomplete)


def statuses(incomplete: str) -> list[str]:
    """The last of several with commas."""
    from cli.gathering import WORDS

    before, comma, last = incomplete.rpartition(",")
    return [before + comma + each for each in _beginning(WORDS, last.lower())]


OFFERS: Mapping[str, Offer] = {
    "session_id": sessions,
    "like": sessions,
    "resource": resources,
    "profile": profiles,
    "status": statuses,
}
"""By the name of a parameter in Python, whatever command has it."""


def _beginning(known: Iterable[str], incomplete: str) -> list[str]:
    return sorted(
        {each for each in known if each.startswith(incomplete) and _PLAIN.fullmatch(each)}
    )


def _items(document: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    items = document.get(name)
    return [each for each in items if isinstance(each, Mapping)] if isinstance(items, list) else []


def _answer(ctx: Any, path: str) -> Mapping[str, Any]:
    """What the API said to this caller a moment ago, or says now; empty if it does not."""
    settings = {name: _setting(ctx, name) for name in _COMMON}
    kept = _kept_in(settings, path)
    with suppress(OSError, ValueError):
        if time.time() - kept.stat().st_mtime < KEPT:
            return dict(json.loads(kept.read_text(encoding="utf-8")))
    from threading import Thread

    answers: list[Mapping[str, Any]] = []
    asking = Thread(target=_ask, args=(settings, path, answers), daemon=True)
    asking.start()
    asking.join(PATIENCE)
    for answer in answers:
        with suppress(OSError):
            _keep(kept, json.dumps(answer))
        return answer
    return {}


def _ask(settings: Mapping[str, str | None], path: str, answers: list[Mapping[str, Any]]) -> None:
    from cli.invocation import Invocation

    # Nobody reads what went wrong: a shell is drawing its prompt.
    with suppress(BaseException):
        caller = Invocation(
            profile=settings["profile"],
            env=settings["env"],
            region=settings["region"],
            api_url=settings["api_url"],
        )
        answers.append(caller.api().get(path))


def _setting(ctx: Any, name: str) -> str | None:
    """As it was typed so far, after the command or before it."""
    for each in _up(ctx):
        if value := each.params.get(name):
            return str(value)
    return None


def _up(ctx: Any) -> Iterator[Any]:
    while ctx is not None:
        yield ctx
        ctx = ctx.parent


def _kept_in(settings: Mapping[str, str | None], path: str) -> Path:
    """A file for each caller, as far as that can be told without reading their credentials."""
    from hashlib import sha256

    around = [os.environ.get(name) for name in _AROUND]
    named = sha256(repr((sorted(settings.items()), around, path)).encode()).hexdigest()
    cache = os.environ.get("XDG_CACHE_HOME", "")
    folder = Path(cache) if cache.startswith("/") else Path.home() / ".cache"
    return folder / "pam" / "completion" / f"{named}.json"


def _keep(path: Path, text: str) -> None:
    """For this login's eyes only, and whole or not at all; what is older than a day goes."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    for old in path.parent.glob("*.json"):
        if time.time() - old.stat().st_mtime > 24 * 3600:
            old.unlink(missing_ok=True)
    new = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    new.replace(path)
