"""A development session, from its request to the refusal of its credentials."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from cli.problems import Failure
from deployment.smoke.probe import Probe, find
from deployment.smoke.proof import Hands, NotHere, NotSo
from pam.domain import timestamps
from pam.domain.kinds import AWS_ROLE

REASON = "smoke test after a deployment; no incident"
SECONDS = 900
ACTIVE_WITHIN, CLOSED_WITHIN = 90.0, 120.0
BITES_WITHIN = 60.0
"""Seconds after an end was decided in which AWS may still let its credentials do something."""
_LOOKS_EVERY = 0.25
_IN_A_ROW = 5
"""Refusals, before it is taken for over: AWS's answers differ while a policy spreads."""
_STEPS = ("Requested", "Approved", "Activating", "Activated", "Leased", "Revoking", "Ended")


@dataclass(slots=True, kw_only=True)
class SmokeSession:
    """What the steps find out, for those that come after."""

    hands: Hands
    wanted: str = ""
    probe: Probe | None = None
    resource: str = ""
    session_id: str = ""
    ended: bool = False
    lease: Mapping[str, Any] = field(default_factory=dict)
    records: int = 0

    def is_requested(self) -> str:
        """Nothing is asked for that needs an approval: a development resource only."""
        offered = self.hands.api.get("/pam/resources")["items"]
        fit = [
            str(it["resource"])
            for it in offered
            if it["environment"] == "dev"
            and it["kind"] == AWS_ROLE
            and self.wanted in {"", it["resource"]}
        ]
        if not fit:
            asked = f"{self.wanted} is not" if self.wanted else "there is none"
            message = (
                f"{asked} among the development roles that the requester may ask for; give an "
                "engineer's profile (REQUESTER=) or a resource (RESOURCE=)"
            )
            raise NotHere(message)
        self.resource = fit[0]
        began = self.hands.clock.monotonic()
        session = self.hands.api.post(
            "/pam/request",
            {"resource": self.resource, "reason": REASON, "duration_seconds": SECONDS},
        )
        self.session_id = str(session["session_id"])
        self._until_status("ACTIVE", ACTIVE_WITHIN)
        took = self.hands.clock.monotonic() - began
        return f"{self.session_id} on {self.resource}: ACTIVE {took:.1f} s after it was asked for"

    def is_leased(self) -> str:
        self._needs_session()
        began = self.hands.clock.monotonic()
        self.lease = self.hands.api.post(f"/pam/sessions/{self.session_id}/credentials")
        took = self.hands.clock.monotonic() - began
        arn = str(self.hands.leased(self.lease, "sts").get_caller_identity()["Arn"])
        if ":assumed-role/" not in arn:
            message = f"the leased credentials are those of {arn}"
            raise NotSo(message)
        return f"credentials after {took:.1f} s; AWS knows them as {arn}"

    def is_ended_early(self) -> str:
        """The lag is from when the end was asked for: PAM decides it a moment later."""
        if not self.lease:
            message = "there are no leased credentials to see refused"
            raise NotHere(message)
        probe, client = find(self.hands, self.lease, self.probe)
        began = self.hands.clock.monotonic()
        self._end()
        answered = self.hands.clock.monotonic() - began
        lag = self._lag(probe, client, began)
        if lag > BITES_WITHIN:
            message = (
                f"{probe} was let {lag:.1f} s after the end; {BITES_WITHIN:.0f} s is the bound"
            )
            raise NotSo(message)
        return (
            f"{probe} is refused since {lag:.1f} s after the end was asked for "
            f"(PAM answered after {answered:.1f} s)"
        )

    def has_a_receipt(self) -> str:
        self._needs_session()
        if not self.ended:
            self._end()
        session = self._until_status("ENDED", CLOSED_WITHIN)
        ending = session["ending"] or {}
        if not ending.get("confirmed_at") or not ending.get("evidence"):
            message = f"it is ENDED without a receipt: {ending}"
            raise NotSo(message)
        decided = timestamps.parse(ending["decided_at"])
        took = (timestamps.parse(ending["confirmed_at"]) - decided).total_seconds()
        bites = f", in effect at the latest {at}" if (at := ending.get("effective_at")) else ""
        return f"{ending['method']}, read back {took:.1f} s after the decision{bites}"

    def left_its_records(self) -> str:
        """Each of these is a transaction over several tables, made by another function's role."""
        self._needs_session()
        types = [str(record["type"]) for record in self.trail()]
        missing = [step for step in _STEPS if step not in types]
        if missing:
            message = f"the trail has no {', '.join(missing)}: it has {', '.join(types)}"
            raise NotSo(message)
        self.records = len(types)
        return f"{len(types)} records, each in one transaction with its step: {', '.join(types)}"

    def trail(self) -> list[dict[str, Any]]:
        answer = self.hands.api.get(f"/pam/sessions/{self.session_id}/audit")
        return list(answer["items"])

    def close(self) -> None:
        """If a step before it failed."""
        if self.session_id and not self.ended:
            self._end()

    def _end(self) -> None:
        try:
            self.hands.api.post("/pam/end", {"session_id": self.session_id})
        except Failure as failure:
            if getattr(failure, "code", "") != "CONFLICT":  # over by itself
                raise
        self.ended = True

    def _lag(self, probe: Probe, client: Any, began: float) -> float:
        """Until the first of several refusals in a row."""
        clock, first, refusals = self.hands.clock, 0.0, 0
        while refusals < _IN_A_ROW:
            asked = clock.monotonic()
            if asked - began > 2 * BITES_WITHIN:
                message = f"{probe} is still let {asked - began:.0f} s after the end"
                raise NotSo(message)
            try:
                let = probe.is_let(client)
            except ClientError:
                let = True  # nothing that says that it is over
            if let:
                refusals = 0
            else:
                first = first if refusals else clock.monotonic() - began
                refusals += 1
            clock.sleep(_LOOKS_EVERY)
        return first

    def _until_status(self, status: str, seconds: float) -> dict[str, Any]:
        def reached() -> dict[str, Any] | None:
            session = self.hands.api.get(f"/pam/sessions/{self.session_id}")
            if session["status"] == "FAILED":
                message = f"the session FAILED: {session['end_reason']}"
                raise NotSo(message)
            return session if session["status"] == status else None

        return self.hands.until(reached, f"the session to be {status}", seconds, pause=0.5)

    def _needs_session(self) -> None:
        if not self.session_id:
            message = "there is no session to see it on"
            raise NotHere(message)
