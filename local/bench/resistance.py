"""How long an end takes while its borrower does everything to hold it up, against one in peace.

Part of `make bench`. In the same run, on the same stack, so that the ratio means something: the
borrower's own calls take up the machine as well.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

from botocore.exceptions import ClientError

from local.cast import Cast, is_refused, until

SANDBOX, ROLE = "core-sandbox-admin", "pam-target-core-sandbox-admin"
_ROUNDS = 15
_FLOODS = 4
_EVERYTHING = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    }
)
_PAUSE = 0.005
"""Seconds between two calls of a flood."""


def resisted_ends(cast: Cast) -> tuple[list[float], list[float]]:
    """Seconds from an operator's call until the credentials are refused: in peace, and resisted."""
    with _wide_role(cast):
        in_peace, resisted = [], []
        for _ in range(_ROUNDS):
            in_peace.append(_end(cast, flooded=False))
            resisted.append(_end(cast, flooded=True))
    return in_peace, resisted


@contextmanager
def _wide_role(cast: Cast) -> Iterator[None]:
    """Lent with all rights, so that nothing but PAM's own denies stands in the borrower's way."""
    iam = cast.person("root").client("iam")
    arn = iam.create_policy(PolicyName="bench-wide", PolicyDocument=_EVERYTHING)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=ROLE, PolicyArn=arn)
    try:
        yield
    finally:
        iam.detach_role_policy(RoleName=ROLE, PolicyArn=arn)
        iam.delete_policy(PolicyArn=arn)


def _end(cast: Cast, *, flooded: bool) -> float:
    alice, sam = cast.person("alice"), cast.person("sam")
    session_id = str(alice.request(SANDBOX)["session_id"])
    alice.wait_for(session_id, "ACTIVE")
    lease = alice.lease(session_id)
    s3, bucket = cast.with_lease(lease, "s3"), cast.bucket(SANDBOX)

    def put() -> object:
        return s3.put_object(Bucket=bucket, Key="note", Body=b"")

    put()
    with _floods(cast, lease, session_id) if flooded else nullcontext():
        began = time.perf_counter()
        sam.post("/pam/revoke", {"session_id": session_id, "reason": "measured"})
        until(lambda: is_refused(put) or None, "the credentials to be refused", closely=True)
        return time.perf_counter() - began


@contextmanager
def _floods(cast: Cast, lease: dict[str, Any], session_id: str) -> Iterator[None]:
    """Policy writes on the role, tokens, leases and calls, without a break until the end."""
    over = threading.Event()
    iam, sts = cast.with_lease(lease, "iam"), cast.with_lease(lease, "sts")
    s3, bucket = cast.with_lease(lease, "s3"), cast.bucket(SANDBOX)
    alice, deny = cast.person("alice"), f"pam-revoke-{session_id}"
    tactics: list[Callable[[], object]] = [
        lambda: iam.put_role_policy(RoleName=ROLE, PolicyName="flood", PolicyDocument=_EVERYTHING),
        lambda: iam.delete_role_policy(RoleName=ROLE, PolicyName=deny),
        lambda: sts.get_federation_token(Name="alice"),
        lambda: s3.put_object(Bucket=bucket, Key="flood", Body=b""),
        lambda: alice.post(f"/pam/sessions/{session_id}/credentials"),
        lambda: alice.get(f"/pam/sessions/{session_id}"),
    ]

    def flood(first: int) -> None:
        at = first
        while not over.wait(_PAUSE):
            with suppress(ClientError):
                tactics[at % len(tactics)]()
            at += 1

    threads = [threading.Thread(target=flood, args=(each,)) for each in range(_FLOODS)]
    for each in threads:
        each.start()
    try:
        yield
    finally:
        over.set()
        for each in threads:
            each.join()
