"""A policy set that remembers its answers: over a long trail the same few questions come back."""

from collections.abc import Mapping
from typing import Any

from pam.domain.people import Person
from pam.policy.cedar import CedarPolicy, Decision
from pam.policy.compiled import CompiledPolicy

_MOST_REMEMBERED = 65_536
_SESSION = "PAM::Session"


class RememberedPolicy(CedarPolicy):
    """Answers as CedarPolicy does. Sessions that are alike in all attributes are one question,
    unless a policy speaks of a single session by its id.
    """

    def __init__(self, compiled: CompiledPolicy) -> None:
        super().__init__(compiled)
        self._by_id = f"{_SESSION}::" in compiled.cedar
        self._answers: dict[tuple[object, ...], Decision] = {}

    def _decide(
        self,
        action: str,
        person: Person,
        resource: dict[str, Any],
        context: Mapping[str, object] | None = None,
    ) -> Decision:
        uid = resource["uid"]
        alike = uid["type"] == _SESSION and not self._by_id
        name = "" if alike else uid["id"]
        question = (action, person, uid["type"], name, repr(resource["attrs"]), repr(context))
        answer = self._answers.get(question)
        if answer is None:
            if len(self._answers) >= _MOST_REMEMBERED:
                self._answers.clear()
            answer = self._answers[question] = super()._decide(action, person, resource, context)
        return answer
