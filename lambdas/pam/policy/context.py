"""What Cedar is told of a request: its context, made here and nowhere else.

The schema of a policy set declares what the set is told for an action; it is told that and no more.
So a set of an earlier day, whose schema declares less, is asked as it was then.
"""

from functools import cached_property
from itertools import product

from pam.domain import circumstances
from pam.domain.approval import ApprovalsGathered, Ballot, Casting
from pam.domain.circumstances import NONE, Circumstances
from pam.domain.people import Auth, Surface
from pam.policy.unknown_signals import unsaid

_ABOUT_A_REQUEST = {"request": "Resource", "approve": "Session", "grant": "Resource"}
"""Action -> what it is asked of. An end is none of these: no signal that fails may hold it up."""
_NONE_YET = ApprovalsGathered(total=0, domain=0)
_SIGNED = Casting(ballot=Ballot.APPROVE, surface=Surface.API, auth=Auth.SIGV4, slack_approvals=0)


class Context:
    """The contexts of one policy set."""

    def __init__(self, cedar: str, cedar_schema: str) -> None:
        self._cedar = cedar
        self._cedar_schema = cedar_schema

    def of(
        self,
        action: str,
        asked: Circumstances,
        gathered: ApprovalsGathered | None = None,
        cast: Casting | None = None,
        slack_approvals_at_most: int = 0,
    ) -> dict[str, object]:
        facts = _facts(asked, gathered or _NONE_YET, cast or _SIGNED, slack_approvals_at_most)
        return {name: fact for name, fact in facts.items() if (action, name) in self._declared}

    def silent(self, action: str, asked: Circumstances) -> tuple[str, ...]:
        """Ids of the policies for which an unknown signal denies: they read it, and no policy for
        the action says what unknown means.
        """
        # What is no action of a request names a group of them, or all.
        meant = {action, *(named for named, _ in self._unsaid if named not in _ABOUT_A_REQUEST)}
        pairs = product(meant, asked.unknown) if asked.unknown else ()
        return tuple(sorted({self._unsaid[pair] for pair in pairs if pair in self._unsaid}))

    def untold(self) -> str:
        """What the schema declares and PAM does not tell, by which everything would be denied: in
        Cedar's own words, empty for nothing.
        """
        import cedarpy

        asked = Circumstances(surface=Surface.API, auth=None)
        for action, kind in _ABOUT_A_REQUEST.items():
            question = {
                "principal": {"type": "PAM::Person", "id": ""},
                "action": {"type": "PAM::Action", "id": action},
                "resource": {"type": f"PAM::{kind}", "id": ""},
                "context": self.of(action, asked),
            }
            schema = cedarpy.Schema.from_str(self._cedar_schema)
            result = cedarpy.is_authorized(question, cedarpy.PolicySet.from_str(""), [], schema)
            if result.diagnostics.errors:
                return f"{action}: {result.diagnostics.errors[0]}"
        return ""

    @cached_property
    def _unsaid(self) -> dict[tuple[str, str], str]:
        return dict(unsaid(self._cedar))

    @cached_property
    def _declared(self) -> frozenset[tuple[str, str]]:
        """(action, attribute): those that Cedar's own validator finds in the schema."""
        import cedarpy

        names = _facts(Circumstances(surface=Surface.API, auth=None), _NONE_YET, _SIGNED, 0)
        probes = {f"{pair[0]}.{pair[1]}": pair for pair in product(_ABOUT_A_REQUEST, names)}
        text = "".join(
            f'@id("{probe}") permit (principal, action == PAM::Action::"{action}", resource) '
            f"when {{ context.{name} == context.{name} }};"
            for probe, (action, name) in probes.items()
        )
        result = cedarpy.validate_policies(text, self._cedar_schema)
        faulty = {result.id_annotations_by_policy_id[fault.policy_id] for fault in result.errors}
        return frozenset(pair for probe, pair in probes.items() if probe not in faulty)


def _facts(
    asked: Circumstances, gathered: ApprovalsGathered, cast: Casting, slack_approvals_at_most: int
) -> dict[str, object]:
    """All that there is to tell, by the name of the attribute in Cedar."""
    return {
        "approvals": gathered.total,
        "domainApprovals": gathered.domain,
        "breakGlass": asked.break_glass,
        "surface": asked.surface.value,
        "auth": asked.auth.value if asked.auth else NONE,
        **{name: asked.signal(name) for name in circumstances.SIGNALS},
        "ballot": cast.ballot.value,
        "voteSurface": cast.surface.value,
        "voteAuth": cast.auth.value,
        "slackApprovals": cast.slack_approvals,
        "slackApprovalsAtMost": slack_approvals_at_most,
    }
