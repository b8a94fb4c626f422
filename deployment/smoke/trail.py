"""The trail of the session: its echo in CloudTrail, sealed, cosigned, and proven as an auditor
would.
"""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deployment.preflight.evidence import complete_trail
from deployment.smoke.proof import Hands, NotHere, NotSo
from deployment.smoke.session import SmokeSession
from pam.names import witness_function_name

_FAULTS = 3
_ECHO_EVERY, _SEAL_EVERY = 15.0, 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SmokeTrail:
    """`patience`: for how many seconds CloudTrail is waited for. `witness_key`: a file or empty."""

    hands: Hands
    session: SmokeSession
    patience: float
    witness_key: str

    def is_sealed(self) -> str:
        """Exports the session and proves it offline, by the key that KMS has."""
        self._needs_records()
        minutes = self.hands.config.checkpoint_minutes
        found = self.hands.until(
            self._proof_of_all,
            f"a checkpoint over all {self.session.records} records",
            120 + 120.0 * minutes,
            pause=_SEAL_EVERY,
        )
        last = found["manifest"]["last"]
        return f"{found['records']} records proven offline, under checkpoint {last} and before"

    def is_cosigned(self) -> str:
        config = self.hands.config
        if config.witness_account is None:
            message = f"there is no witness (cdk.json: {config.witness})"
            raise NotHere(message)
        self._needs_records()
        key = self._witness_key()
        found = self.hands.until(
            lambda: (it := self._proof_of_all(key)) and (it if it["cosigned"] else None),
            "a cosignature of the witness",
            120 + 120.0 * config.checkpoint_minutes,
            pause=_SEAL_EVERY,
        )
        waiting = ", the newest not yet" if found["unwitnessed"] else ""
        return f"{found['cosigned']} checkpoint(s) cosigned by the witness's key{waiting}"

    def has_agreeing_stores(self) -> str:
        code, out, err = self.hands.pam(["audit", "verify", "--json"])
        if code != 0:
            faults = json.loads(out).get("faults", []) if out.startswith("{") else []
            raise NotSo("; ".join([err.strip(), *map(str, faults[:_FAULTS])]))
        found = json.loads(out)
        return (
            f"{found['records']} records of {found['sessions']} sessions of the last day are the "
            f"same in table, log group and archive; {found['waiting']} wait for a checkpoint"
        )

    def has_an_echo(self) -> str:
        """The lease's own AssumeRole, as CloudTrail tells it: PAM is not blind."""
        config = self.hands.config
        if not config.activity_reads:
            message = "activity_reads is false, and CloudTrail counts AssumeRole as reading"
            raise NotHere(message)
        if not self.session.lease:
            message = "nothing was leased"
            raise NotHere(message)
        if complete_trail(self.hands.clients("cloudtrail")) is None:
            message = "no trail of this account tells EventBridge all calls (make preflight)"
            raise NotHere(message)
        began = self.hands.clock.monotonic()
        echo = self.hands.until(
            self._echo, "the echo of AssumeRole", self.patience, pause=_ECHO_EVERY
        )
        took = self.hands.clock.monotonic() - began
        return f"record {echo['sequence']}: {echo['detail']} (waited {took:.0f} s for it)"

    def _echo(self) -> dict[str, Any] | None:
        return next(
            (
                record
                for record in self.session.trail()
                if record["type"] == "Activity" and "AssumeRole" in str(record["detail"])
            ),
            None,
        )

    def _proof_of_all(self, witness_key: bytes = b"") -> dict[str, Any] | None:
        """None while a record is not sealed. Raises NotSo for what does not prove."""
        with tempfile.TemporaryDirectory(prefix="pam-smoke-") as parent:
            folder = Path(parent) / "trail"
            exporting = ["audit", "export", str(folder), "--session", self.session.session_id]
            code, out, err = self.hands.pam([*exporting, "--json"])
            if code != 0:
                if "checkpoint" in err or "nothing of this time" in err:
                    return None
                raise NotSo(err.strip())
            exported = json.loads(out)
            if exported["records"] < self.session.records:
                return None
            witness = []
            if witness_key:
                file = Path(parent) / "witness"
                file.write_bytes(witness_key)
                witness = ["--witness-key", str(file)]
            anchor = ["--key", exported["key_fingerprint"]]
            code, out, err = self.hands.pam(
                ["audit", "verify", str(folder), *anchor, *witness, "--json"]
            )
        if code != 0:
            raise NotSo(err.strip())
        return dict(json.loads(out))

    def _needs_records(self) -> None:
        if not self.session.records:
            message = "there are no records of a session to see sealed"
            raise NotHere(message)

    def _witness_key(self) -> bytes:
        """The file that was named; else, where the witness is in this very account, as KMS has it.
        Raises NotHere.
        """
        if self.witness_key:
            return Path(self.witness_key).read_bytes()
        config = self.hands.config
        alias = f"alias/{witness_function_name(config.env_name)}"
        if config.witness_account != config.account:
            message = (
                f"give the witness's public key, WITNESS_KEY=FILE: aws kms get-public-key --key-id "
                f"{alias} with credentials of account {config.witness_account}, and base64 -d"
            )
            raise NotHere(message)
        return bytes(self.hands.clients("kms").get_public_key(KeyId=alias)["PublicKey"])
