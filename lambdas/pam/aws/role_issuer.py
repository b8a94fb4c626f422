"""Access to an AWS role, by short leases of its credentials.

Every lease carries a session policy that denies everything from the session's end on, to the
second, by itself, whatever else is broken. It is tagged with the session id; source identity is the
session id, too, so CloudTrail tells what a session did. An end, early or not, denies by that tag on
the target role as well, for that one session, for as long as a credential of it lives at STS.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from pam.aws.role_denies import GRACE, LONGEST_LEASE, RoleDenies
from pam.domain import role_limits, timestamps
from pam.domain.ending import ReceiptMethod
from pam.domain.errors import IssuerUnavailable, TryAgain
from pam.domain.partitions import partition_of_arn
from pam.domain.resource import Target
from pam.domain.role_limits import POLICY_PATH, boundary_name, revoker_role_name
from pam.domain.session import Session
from pam.names import SESSION_TAG
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
        self._sts: dict[str, Any] = {}
        """By region, with its connections: making one costs more than a call of it."""

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
        policy = role_limits.lease_policy(
            _path_and_name(session.target), ends, iam_writes=session.target.may_write_iam
        )
        # STS gives no less than 15 minutes; the session policy makes the end exact all the same.
        answer = self._assume(session, policy, max(ends - whole_now, SHORTEST_STS_SESSION))
        given = answer["Credentials"]
        return AwsCredentials(
            access_key_id=given["AccessKeyId"],
            secret_access_key=given["SecretAccessKey"],
            session_token=given["SessionToken"],
            expires_at=ends,
            live_until=max(ends, given["Expiration"]),
        )

    def end(self, session: Session, now: datetime) -> Receipt:
        """No lease: nothing to take back. Else a deny for this session, written and read back,
        whether or not its time is over: the credentials live longer at STS than they work.

        Only of credentials that are over at STS is it enough to say so.
        """
        live_until = _live_until(session)
        if live_until is None:
            return Receipt(
                method=ReceiptMethod.NO_LEASE, evidence="no credential had been handed out"
            )
        if now >= live_until:
            over = timestamps.render(live_until)
            return Receipt(
                method=ReceiptMethod.LEASE_OVER,
                evidence=f"the last of {session.leases} lease(s) was over at STS at {over}",
                traces_until=live_until + GRACE if _tried_before(session, live_until) else None,
            )
        with _Unavailable("the deny could not be written on the target role"):
            evidence = self._denies(session).deny(
                session.session_id, lambda: self._tell_full(session)
            )
        return Receipt(
            method=ReceiptMethod.DENY_READ_BACK,
            evidence=f"{evidence} on {session.target.arn}",
            traces_until=live_until + GRACE,
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
        """The sessions that are denied on the role, or have no role any more."""
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

    def undone(self, target: Target, ended: Sequence[Session]) -> list[str]:
        """Implements `ports.targets.EndKeeper`. A role that is gone lets nobody in."""
        decided = {
            session.session_id: session.ending.decided_at for session in ended if session.ending
        }
        with _Unavailable("the target role could not be searched"):
            try:
                return sorted(self._denies_at(target, "search").missing(decided))
            except ClientError as error:
                if not _is_gone(error):
                    raise
                return []

    def unbounded(self, target: Target) -> str:
        """Why the permissions boundary of the role is not the one that binds every lease; empty if
        it is.
        """
        name = _role_name(target)
        where = f"arn:{partition_of_arn(target.arn)}:iam::{target.account}"
        wanted = f"{where}:policy{POLICY_PATH}{boundary_name(name)}"
        with _Unavailable("the boundary of the target role could not be read"):
            iam = self._revoker(target, "search")
            try:
                role = iam.get_role(RoleName=name)["Role"]
                bound_by = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", "")
                if bound_by != wanted:
                    return f"its permissions boundary is {bound_by or 'none'}, not {wanted}"
                version = iam.get_policy(PolicyArn=wanted)["Policy"]["DefaultVersionId"]
                stands = iam.get_policy_version(PolicyArn=wanted, VersionId=version)
            except ClientError as error:
                if not _is_gone(error):
                    raise
                return f"the role, or the policy {wanted}, does not exist"
        document = role_limits.boundary(_path_and_name(target), iam_writes=target.may_write_iam)
        if stands["PolicyVersion"]["Document"] != document:
            return f"{wanted} does not say what it should"
        return ""

    def tidy(self, target: Target, now: datetime) -> None:
        with _Unavailable("the target role could not be searched"):
            self._denies_at(target, "search").tidy(now)

    def _assume(
        self, session: Session, policy: dict[str, Any], length: timedelta
    ) -> dict[str, Any]:
        # A throttled call has made nothing, so the caller may simply ask again.
        with _Unavailable("the target role could not be assumed", but=TryAgain):
            answer: dict[str, Any] = self._sts_in(session.target.region).assume_role(
                RoleArn=session.target.arn,
                RoleSessionName=session.requester_name,
                SourceIdentity=session.session_id,
                Tags=[{"Key": SESSION_TAG, "Value": session.session_id}],
                Policy=role_limits.rendered(policy),
                DurationSeconds=int(length.total_seconds()),
            )
        return answer

    def _sts_in(self, region: str) -> Any:
        if region not in self._sts:
            self._sts[region] = self._client("sts", region_name=region)
        return self._sts[region]

    def _denies(self, session: Session) -> RoleDenies:
        return self._denies_at(session.target, session.session_id)

    def _denies_at(self, target: Target, purpose: str) -> RoleDenies:
        return RoleDenies(self._revoker(target, purpose), _role_name(target), self._clock)

    def _revoker(self, target: Target, purpose: str) -> Any:
        """IAM as the revoker role that stands beside the target role, in the target's account."""
        given = self._sts_in(target.region).assume_role(
            RoleArn=revoker_role_name(target.arn),
            RoleSessionName=f"pam-{purpose}",
            DurationSeconds=int(SHORTEST_STS_SESSION.total_seconds()),
        )["Credentials"]
        return self._client(
            "iam",
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )


def _live_until(session: Session) -> datetime | None:
    """When no credential of the session lives at STS any more; None if there never was one."""
    if session.credentials_live_until is not None or session.leases_end_at is None:
        return session.credentials_live_until
    # A session of an earlier version; its last lease may have been given just before that.
    return session.leases_end_at + SHORTEST_STS_SESSION


def _tried_before(session: Session, live_until: datetime) -> bool:
    """Whether a try that died may have written a deny: one was due when the end was decided."""
    decided_at = session.ending and session.ending.decided_at
    return bool(decided_at and decided_at < live_until)


_NOTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}],
}


def _is_gone(error: ClientError) -> bool:
    """Whether the role that was asked about does not exist."""
    return bool(error.response["Error"]["Code"] == "NoSuchEntity")


def _path_and_name(target: Target) -> str:
    """As ARNs have it: `team/ledger-admin`, or the name alone."""
    return target.arn.partition(":role/")[2]


def _role_name(target: Target) -> str:
    """As IAM's calls take it, without its path."""
    return target.arn.rsplit("/", 1)[-1]


class _Unavailable:
    """Turns every error of AWS inside into IssuerUnavailable; keeps AWS's code, not its text."""

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
