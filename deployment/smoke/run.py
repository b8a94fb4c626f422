"""The steps, in their order, and the tidying afterwards."""

from collections.abc import Callable

from deployment.environment import Say
from deployment.smoke import alarm
from deployment.smoke.bus import Listener
from deployment.smoke.probe import Probe
from deployment.smoke.proof import Hands, Proof, prove, tidy
from deployment.smoke.session import SmokeSession
from deployment.smoke.trail import SmokeTrail


def smoke(
    hands: Hands,
    *,
    name: str,
    resource: str,
    probe: Probe | None,
    witness_key: str,
    patience: float,
    say: Say,
) -> list[Proof]:
    """`name` is what its rule and its queue are called. Each proof is said as it comes."""
    session = SmokeSession(hands=hands, wanted=resource, probe=probe)
    listener = Listener(hands=hands, name=name)
    trail = SmokeTrail(hands=hands, session=session, patience=patience, witness_key=witness_key)
    steps: tuple[tuple[str, Callable[[], str]], ...] = (
        ("listening", listener.is_listening),
        ("session", session.is_requested),
        ("lease", session.is_leased),
        ("early end", session.is_ended_early),
        ("receipt", session.has_a_receipt),
        ("transactions", session.left_its_records),
        ("event", lambda: listener.has_heard(session.session_id)),
        ("alarm", lambda: alarm.arrives(hands, listener)),
        ("sealed trail", trail.is_sealed),
        ("witness", trail.is_cosigned),
        ("stores", trail.has_agreeing_stores),
        ("echo", trail.has_an_echo),
    )
    proofs = []
    try:
        for step, attempt in steps:
            proofs.append(prove(step, attempt))
            say(f"{proofs[-1].verdict:18} {step}: {proofs[-1].said}")
    finally:
        tidy(f"session {session.session_id} (pam end)", session.close, say)
        listener.stop(say)
    return proofs
