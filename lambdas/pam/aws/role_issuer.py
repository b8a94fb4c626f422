"""Access to an AWS role, by short leases of its credentials.

Every lease carries a session policy that ends it at the session's end, to the second, by itself,
whatever else is broken. It is tagged with the session id; source identity is the session id, too,
so CloudTrail tells what a session did, in any account it was chained into. An early end denies by
that tag on the target role, for that one session.
"""

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from pam.aws.role_denies import GRACE, LONGEST_LEASE, RoleDenies
from pam.domain import timestamps
from pam.domain.errors import IssuerUnavailable, TryAgain
from pam.domain.resource import Target
from pam.domain.session import Session
from pam.names import SESSION_TAG, revoker_role_name
from pam.ports.targets import AwsCredentials, Receipt

SHORTEST_STS_SESSION = timedelta(seconds=900)
ClientFactory = Callable[..., Any]
"""`client(service, **credentials)`."""


class RoleIssuer:
    """Implements `ports.targets.Issuer` for `aws-role`.

    The issuer function may assume target roles, the revocation function their revoker roles;
    neither may do the other's part.
    """

    def __init__(
        self,
        client: ClientFactory,
        tell_full: Callable[[Session], None],
        clock: Callable[[], datetime],
    ) -> None:
        """`tell_full` hears of a role that had no room for one more deny."""
        self._client = client
        self._tell_full = tell_full
        self._clock = clock

    def reserve(self, session: Session, now: datetime) -> None:
        """Any number of sessions may hold a role at once."""

    def activate(self, session: Session, now: datetime) -> None:
        """Sees that the role can be lent, with credentials that may do nothing and are dropped.

        The end is armed inside each lease, so there is nothing else to make here.
        """
        self._assume(session, _NOTHING, SHORTEST_STS_SESSION)

    def lease(self, session: Session, now: datetime) -> AwsCredentials:
        if session.expires_at is None:
            message = "the session has no end; no credentials are given"
            raise IssuerUnavailable(message)
        whole_now = timestamps.parse(timestamps.whole_second_at_or_before(now))
        ends = min(whole_now + LONGEST_LEASE, session.expires_at)
        # STS gives no less than 15 minutes; the session policy makes the end exact all the same.
        answer = self._assume(session, _until(ends), max(ends - whole_now, SHORTEST_STS_SESSION))
        given = answer["Credentials"]
        return AwsCredentials(
            access_key_id=given["AccessKeyId"],
            secret_access_key=given["SecretAccessKey"],
            session_token=given["SessionToken"],
            expires_at=ends,
        )

    def end(self, session: Session, now: datetime) -> Receipt:
        """No lease: nothing to take back. Leases that are over: they ended by themselves.

        Else a deny for this session, written and read back.
        """
        if session.leases_end_at is None:
            return Receipt(method="no-lease", evidence="no credential had been handed out")
        if now >= session.leases_end_at:
            ended = timestamps.render(session.leases_end_at)
            return Receipt(
                method="lease-over",
                evidence=f"the last of {session.leases} lease(s) ended by itself at {ended}",
                traces_until=session.leases_end_at + GRACE if _tried_before(session) else None,
            )
        with _Unavailable("the deny could not be written on the target role"):
            evidence, full = self._denies(session).deny(session.session_id)
        if full:
            self._tell_full(session)
        return Receipt(
            method="deny-read-back",
            evidence=f"{evidence} on {session.target.arn}",
            traces_until=session.leases_end_at + GRACE,
        )

    def clear_traces(self, session: Session, now: datetime) -> None:
        with _Unavailable("the deny could not be removed from the target role"):
            try:
                self._denies(session).forget(session.session_id, now)
            except ClientError as error:
                if not _is_gone(error):
                    raise

    def sessions_at(self, target: Target) -> list[str]:
        """Of which a deny of their own stands there."""
        with _Unavailable("the target role could not be searched"):
            return self._denies_at(target, "search").sessions()

    def missing(self, target: Target, active: Sequence[Session]) -> dict[str, str]:
        """Whoever is denied on the role, or has no role any more."""
        with _Unavailable("the target role could not be searched"):
            denies = self._denies_at(target, "search")
            try:
                denied = set(denies.sessions())
            except ClientError as error:
                if not _is_gone(error):
                    raise
                return {session.session_id: "the role does not exist" for session in active}
        return {
            session.session_id: "a deny for the session stands on the role"
            for session in active
            if session.session_id in denied
        }

    def tidy(self, target: Target, now: datetime) -> None:
        with _Unavailable("the target role could not be searched"):
            self._denies_at(target, "search").tidy(now)

    def _assume(
        self, session: Session, policy: dict[str, Any], length: timedelta
    ) -> dict[str, Any]:
        # Nothing is made by being throttled, so whoever asked may simply ask again.
        with _Unavailable("the target role could not be assumed", but=TryAgain):
            sts = self._client("sts", region_name=session.target.region)
            answer: dict[str, Any] = sts.assume_role(
                RoleArn=session.target.arn,
                RoleSessionName=session.requester_name,
                SourceIdentity=session.session_id,
                Tags=[{"Key": SESSION_TAG, "Value": session.session_id}],
                Policy=json.dumps(policy, separators=(",", ":")),
                DurationSeconds=int(length.total_seconds()),
            )
        return answer

    def _denies(self, session: Session) -> RoleDenies:
        return self._denies_at(session.target, session.session_id)

    def _denies_at(self, target: Target, purpose: str) -> RoleDenies:
        return RoleDenies(self._revoker(target, purpose), _role_name(target), self._clock)

    def _revoker(self, target: Target, purpose: str) -> Any:
        """IAM as the revoker role that stands beside the target role, in the target's account."""
        given = self._client("sts", region_name=target.region).assume_role(
            RoleArn=f"arn:aws:iam::{target.account}:role/{revoker_role_name(_role_name(target))}",
            RoleSessionName=f"pam-{purpose}",
            DurationSeconds=int(SHORTEST_STS_SESSION.total_seconds()),
        )["Credentials"]
        return self._client(
            "iam",
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )


def _tried_before(session: Session) -> bool:
    """Whether a try that died may have written a deny: one was due when the end was decided."""
    decided_at = session.ending and session.ending.decided_at
    return bool(decided_at and session.leases_end_at and decided_at < session.leases_end_at)


_NOTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}],
}


def _until(end: datetime) -> dict[str, Any]:
    """Leaves the role's own rights as they are, until `end`; and lets no lease be traded in for
    credentials that would outlive it.
    """
    before = {"DateLessThan": {"aws:CurrentTime": timestamps.whole_second_at_or_before(end)}}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": before},
            {"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*"},
        ],
    }


def _is_gone(error: ClientError) -> bool:
    """Whether the role that was asked about does not exist."""
    return bool(error.response["Error"]["Code"] == "NoSuchEntity")


def _role_name(target: Target) -> str:
    return target.arn.rsplit("/", 1)[-1]


class _Unavailable:
    """Turns whatever AWS raises inside into IssuerUnavailable; keeps AWS's code, not its text."""

    def __init__(self, what: str, *, but: type[Exception] | None = None) -> None:
        self._what = what
        self._but = but

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self._but and isinstance(error, self._but):
            return
        if isinstance(error, ClientError):
            message = f"{self._what}: {error.response['Error']['Code']}"
            raise IssuerUnavailable(message) from error
        if isinstance(error, BotoCoreError):
            message = f"{self._what}: {type(error).__name__}"
            raise IssuerUnavailable(message) from error
