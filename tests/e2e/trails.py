"""A session that is archived and sealed, and what an auditor needs to prove it."""

import os
import subprocess
import sys
from pathlib import Path

from cli.trail import layout
from local.cast import Cast, Person, until

REASON = "ledger stuck for Jane Roe, INC-77"


def bucket(cast: Cast) -> str:
    return str(cast.parameter("/bank/local/mod046/audit-archive/bucket-name"))


def keys(cast: Cast, root: Person, prefix: str) -> list[str]:
    pages = root.client("s3").get_paginator("list_objects_v2")
    found = pages.paginate(Bucket=bucket(cast), Prefix=prefix)
    return [item["Key"] for page in found for item in page.get("Contents", [])]


def a_session(cast: Cast, alice: Person, root: Person) -> str:
    """Asked for, used, given back, archived and sealed."""
    session_id = str(
        alice.request("core-sandbox-admin", reason=REASON, duration_seconds=60)["session_id"]
    )
    alice.wait_for(session_id, "ACTIVE")
    alice.lease(session_id)
    alice.post("/pam/end", {"session_id": session_id})
    alice.wait_for(session_id, "ENDED")
    last = alice.get(f"/pam/sessions/{session_id}/audit").body["items"][-1]["sequence"]
    until(
        lambda: (
            any(
                key.endswith(f"-{last:08d}.jsonl")
                for key in keys(cast, root, f"records/{session_id}/")
            )
            or None
        ),
        "the last record to be archived",
    )
    cast.checkpoint()
    return session_id


def key_of(cast: Cast) -> str:
    """The fingerprint as an auditor gets it from KMS, and not from a trail."""
    kms = cast.person("ada").client("kms")
    key_id = cast.parameter("/bank/local/mod046/audit-signing-key/arn")
    return layout.fingerprint(kms.get_public_key(KeyId=key_id)["PublicKey"])


def offline(folder: Path, *more: str, act: str = "verify") -> "subprocess.CompletedProcess[str]":
    """Nobody's credentials, and no address to ask."""
    return subprocess.run(
        [sys.executable, "-m", "cli.main", "audit", act, str(folder), *more],
        cwd=Path(__file__).resolve().parent.parent.parent,
        env={"PATH": os.environ["PATH"], "HOME": str(folder.parent)},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
