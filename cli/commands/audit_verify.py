"""`pam audit verify`: an exported trail proven on this machine, or the live stores compared."""

from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import clock, render
from cli.commands.audit_export import Since, Until, typed_instant
from cli.invocation import Invocation, command, print_json
from cli.problems import ExitCode, Failure, Outcome
from cli.text import clean

if TYPE_CHECKING:
    from cli.trail.checkpoints import Trusted

_MOST_OF_A_KEY = 65_536

Key = Annotated[
    str | None,
    typer.Option(
        "--key",
        metavar="SHA256",
        help="Fingerprint of the log's key that you trust [live: the key that SSM names].",
    ),
]

WitnessKey = Annotated[
    Path | None,
    typer.Option("--witness-key", metavar="FILE", help="The witness's public key, PEM or DER."),
]


@command
def verify(
    invocation: Invocation,
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="An exported trail; without it, the live stores."),
    ] = None,
    key: Key = None,
    witness_key: WitnessKey = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """Prove an exported trail offline (exit 0), or name the first thing that is wrong (exit 1).

    A trail that is whole is NOT ANCHORED (exit 7) without --key: it cannot vouch for its own key.
    --from and --to say what must be covered. Without DIR, the live stores are compared with each
    other: table, log group, archive, checkpoints.
    """
    trusted = anchors(key, witness_key)
    if folder is None:
        _verify_stores(invocation, trusted, since, until)
    elif folder.is_dir():
        _verify_folder(invocation, folder, trusted, since, until)
    else:
        message = f"{clean(str(folder))} is not a directory"
        raise typer.BadParameter(message, param_hint="DIR")


def anchors(key: str | None, witness_key: Path | None) -> "Trusted":
    """What the auditor brings along. Raises BadParameter."""
    from cli.trail.checkpoints import Trusted

    return Trusted(
        log_fingerprint=_fingerprint(key) if key is not None else "",
        witness_key=_witness_key(witness_key) if witness_key else b"",
    )


def _verify_folder(
    invocation: Invocation, folder: Path, trusted: Any, since: str | None, until: str | None
) -> None:
    from cli.trail.check import Disproof, Span, check_trail

    span = Span(
        since=typed_instant(since, "--from") if since else None,
        until=typed_instant(until, "--to") if until else None,
    )
    if span.since and span.until:
        _check_order(span.since, span.until)
    try:
        proof = check_trail(folder, trusted, span)
    except Disproof as wrong:
        document = {"proven": False, "where": wrong.where, "why": wrong.why}
        if invocation.json:
            print_json(document)
        message = f"NOT PROVEN: {clean(str(wrong))}"
        raise Outcome(message) from wrong
    invocation.emit(
        {"proven": proof.anchored, **asdict(proof)}, lambda: _tell_proof(proof, trusted)
    )
    if not proof.anchored:
        message = (
            "NOT ANCHORED: the trail is whole, and signed by a key that only it vouches for; give "
            "--key with the fingerprint that `pam audit export` printed or KMS has"
        )
        raise Outcome(message, exit_code=ExitCode.UNANCHORED)


def _verify_stores(
    invocation: Invocation, trusted: Any, since: str | None, until: str | None
) -> None:
    from cli.trail.live import compare_stores
    from cli.trail.source import covered_since

    now = clock.now()
    end = typed_instant(until, "--to") if until else now
    stores = invocation.stores()
    beginning = (
        typed_instant(since, "--from")
        if since
        else covered_since(stores.archive, end - timedelta(days=1))
    )
    if since:
        _check_order(beginning, end)
    elif beginning >= end:
        message = (
            f"the log begins at {beginning:%Y-%m-%dT%H:%M:%SZ}: nothing of this time is covered"
        )
        raise Failure(message)
    found = compare_stores(stores, since=beginning, until=end, now=now, trusted=trusted)
    invocation.emit(
        {"proven": not found.faults, **asdict(found)}, lambda: _tell_found(found, trusted)
    )
    if found.faults:
        count = len(found.faults) + found.untold
        message = f"NOT PROVEN: the stores do not agree: {count} fault(s)"
        raise Outcome(message)


def _check_order(since: datetime, until: datetime) -> None:
    if since >= until:
        message = "--from must lie before --to"
        raise typer.BadParameter(message, param_hint="--from")


def _tell_found(found: Any, trusted: Any) -> None:
    agree = "" if found.faults else "THE STORES AGREE: "
    lines = [
        f"{agree}{found.records} records of {found.sessions} sessions: table, log group and "
        f"archive compared; {found.waiting} of them not sealed by a checkpoint yet",
        f"checkpoints until {found.sealed_until or 'never'}, "
        f"signed by the key SHA256:{found.key_fingerprint}",
    ]
    if trusted.witness_key:
        lines.append(witnessed(found.cosigned, found.unwitnessed, found.witness_age_seconds))
    lines += [clean(fault) for fault in found.faults]
    if found.untold:
        lines.append(f"and {found.untold} more")
    render.put(*lines)


def _tell_proof(proof: Any, trusted: Any) -> None:
    manifest = proof.manifest
    of = f" of session {manifest.session_id}" if manifest.session_id else ""
    verdict = "PROVEN" if proof.anchored else "WHOLE"
    lines = [
        f"{verdict}: {proof.records} records{clean(of)}, {proof.sessions} session(s)",
        f"nothing missing, changed, moved or added between checkpoint {manifest.first} "
        f"({proof.since}) and {manifest.last} ({proof.until}) of {clean(manifest.origin)}",
        "each step lawful under the policy set that its record names: "
        f"{', '.join(proof.policy_sets) or 'none was named'}",
        f"signed by the key SHA256:{proof.key_fingerprint}",
    ]
    if trusted.witness_key:
        lines.append(witnessed(proof.cosigned, proof.unwitnessed, proof.witness_age_seconds))
    render.put(*lines)


def witnessed(cosigned: int, unwitnessed: int, age: int | None) -> str:
    waiting = ", the newest not yet" if unwitnessed else ""
    old = "" if age is None else f"; the newest of them was {age} s old"
    return f"cosigned by the witness: {cosigned} checkpoints{waiting}{old}"


def _fingerprint(text: str) -> str:
    from cli.trail.layout import typed_fingerprint

    try:
        return typed_fingerprint(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--key") from error


def _witness_key(path: Path) -> bytes:
    """32 bytes of Ed25519, from what `aws kms get-public-key` gives or from PEM."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import (
        load_der_public_key,
        load_pem_public_key,
    )

    from cli.trail.files import Unreadable, open_regular

    try:
        with open_regular(path.resolve(), path.name) as opened:
            raw = opened.read(_MOST_OF_A_KEY)
        key = (load_pem_public_key if raw.startswith(b"-----") else load_der_public_key)(raw)
    except Unreadable as error:
        message = f"{clean(str(path))}: {error.why}"
        raise typer.BadParameter(message, param_hint="--witness-key") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        message = f"{clean(str(path))} is no public key"
        raise typer.BadParameter(message, param_hint="--witness-key") from error
    if not isinstance(key, Ed25519PublicKey):
        message = "the witness's key is an Ed25519 key; this is another kind"
        raise typer.BadParameter(message, param_hint="--witness-key")
    return key.public_bytes_raw()
