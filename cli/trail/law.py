"""Whether what a trail tells was lawful: each session's life and votes, from its records alone.

A chain that holds shows that nothing was changed; it does not show that what was written ought to
have happened. Ends ask no policy, and what kept somebody out (a block) is not in the records of a
session that they had: neither is judged here.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from cli.trail.checkpoints import Disproof
from cli.trail.layout import is_digest
from cli.trail.told_links import ToldLinks
from pam.domain import timestamps
from pam.domain.audit_record import Record
from pam.domain.errors import IllegalTransition, Refusal
from pam.domain.session import Session

if TYPE_CHECKING:
    from cli.trail.life import Life
    from pam.policy.cedar import CedarPolicy

_POLICY_SETS_AT_HAND = 32
_DEEPEST, _MOST_CHOICES = 100, 1000
"""Brackets in brackets, and `if`s, which need none to stand in each other. Python's usual stack
takes several times as many.
"""
_TOKEN = re.compile(r'"(?:\\[\s\S]|[^"\\])*+(?:"|\\?\Z)|//[^\n]*|[][(){}<>]|\bif\b')
"""Of Cedar, as far as it matters; strings and comments are tokens, so that none is read in them. A
string without end goes to the end, so that nothing is read twice.
"""
_DEEPER = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}
_DEEPER_IN_A_SCHEMA = _DEEPER | {"<": 1, ">": -1}

PolicyText = Callable[[str], str | None]
"""The policy set of a digest, as it was archived; None if it was not."""


class Unlawful(Disproof):
    """The first step that ought not to have happened, or that cannot be judged."""


@dataclass(slots=True)
class Law:
    """Sees the records of every session, in order. Raises Unlawful at the first unlawful one."""

    policy_text: PolicyText
    _policies: "dict[str, CedarPolicy]" = field(default_factory=dict)
    _lives: "dict[str, Life]" = field(default_factory=dict)
    _links: ToldLinks = field(default_factory=ToldLinks)

    @property
    def digests(self) -> frozenset[str]:
        """Of the policy sets that were named."""
        return frozenset(self._policies)

    def session_of(self, session_id: str) -> Session | None:
        """As its records tell it so far: status, votes and what it is about."""
        life = self._lives.get(session_id)
        return life.session if life else None

    def see(self, record: Record) -> None:
        place = f"record {record['sequence']} of {record['session_id'] or record['event_id']}"
        if record["policy_version"]:
            # Whether or not it is needed below: one that a record names must be there.
            self._policy(record, place)
        try:
            self._judge(record, place)
        except IllegalTransition as error:
            raise Unlawful(place, f"unlawful: {record['type']}: {error}") from error
        except ArithmeticError as error:
            raise Unlawful(place, "unlawful: its time is in no year that there is") from error
        except Refusal as refusal:
            raise Unlawful(place, f"unlawful: {record['type']}: {refusal.detail}") from refusal
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            # Records have their form by now; what a policy set holds shows when it is asked.
            raise Unlawful(place, _not_ours(_named(str(record["policy_version"])))) from error

    def _judge(self, record: Record, place: str) -> None:
        from cli.trail.life import begin, go_on, stand_alone

        self._links.see(record)
        session_id = record["session_id"]
        life = self._lives.get(session_id)
        if not session_id:
            stand_alone(record)
        elif life is None:
            self._lives[session_id] = begin(record, self._policy(record, place))
        else:
            go_on(life, record, lambda: self._policy(record, place))

    def _policy(self, record: Record, place: str) -> "CedarPolicy":
        digest = str(record["policy_version"])
        found = self._policies.get(digest)
        if found is None:
            found = self._policies[digest] = self._read(digest, place)
        return found.knowing(self._links, timestamps.parse(record["at"]))

    def _read(self, digest: str, place: str) -> "CedarPolicy":
        if not digest:
            raise Unlawful(place, "law not proven: it names no policy set that decided")
        text = self.policy_text(digest) if is_digest(digest) else None
        named = _named(digest)
        if text is None:
            raise Unlawful(place, f"law not proven: {named} is missing")
        if hashlib.sha256(text.encode()).hexdigest() != digest:
            raise Unlawful(place, f"law not proven: {named} does not fit its digest")
        try:
            return _compiled(text)
        except Exception as error:
            raise Unlawful(place, _not_ours(named)) from error


def _named(digest: str) -> str:
    return f"the policy set {digest[:16]} that decided"


def _not_ours(named: str) -> str:
    return f"law not proven: {named} is of no form that this version of pam can read"


@lru_cache(maxsize=_POLICY_SETS_AT_HAND)
def _compiled(text: str) -> "CedarPolicy":
    from cli.trail.remembered_policy import RememberedPolicy
    from pam.policy.compiled import CompiledPolicy

    compiled = CompiledPolicy.from_json(text)
    _check_depth(compiled.cedar, _DEEPER)
    _check_depth(compiled.cedar_schema, _DEEPER_IN_A_SCHEMA)
    return RememberedPolicy(compiled)


def _check_depth(text: str, deeper: Mapping[str, int]) -> None:
    """Cedar's parser goes as deep as its text does, and where the stack ends so does the process,
    with nothing said. Raises ValueError.
    """
    depth = choices = 0
    for match in _TOKEN.finditer(text):
        depth = max(0, depth + deeper.get(match[0], 0))
        choices += match[0] == "if"
        if depth > _DEEPEST or choices > _MOST_CHOICES:
            message = "nested deeper than any policy that people wrote"
            raise ValueError(message)
