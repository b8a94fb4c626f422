"""Whether what a trail tells was lawful: each session's life and votes, from its records alone.

A chain that holds shows that nothing was changed; it does not show that what was written ought to
have happened. Ends ask no policy, and what kept somebody out (a block) is not in the records of a
session that they had: neither is judged here.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from cli.trail.checkpoints import Disproof
from cli.trail.layout import is_digest
from pam.domain.audit_record import Record
from pam.domain.errors import IllegalTransition, Refusal
from pam.domain.session import Session

if TYPE_CHECKING:
    from cli.trail.life import Life
    from pam.policy.cedar import CedarPolicy

_POLICY_SETS_AT_HAND = 32

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

    def _judge(self, record: Record, place: str) -> None:
        from cli.trail.life import begin, go_on, stand_alone

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
        return found

    def _read(self, digest: str, place: str) -> "CedarPolicy":
        if not digest:
            raise Unlawful(place, "law not proven: it names no policy set that decided")
        text = self.policy_text(digest) if is_digest(digest) else None
        named = f"the policy set {digest[:16]} that decided"
        if text is None:
            raise Unlawful(place, f"law not proven: {named} is missing")
        if hashlib.sha256(text.encode()).hexdigest() != digest:
            raise Unlawful(place, f"law not proven: {named} does not fit its digest")
        try:
            return _compiled(text)
        except Exception as error:
            why = f"law not proven: {named} is of no form that this version of pam can read"
            raise Unlawful(place, why) from error


@lru_cache(maxsize=_POLICY_SETS_AT_HAND)
def _compiled(text: str) -> "CedarPolicy":
    from cli.trail.remembered_policy import RememberedPolicy
    from pam.policy.compiled import CompiledPolicy

    return RememberedPolicy(CompiledPolicy.from_json(text))
