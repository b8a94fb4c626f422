"""`kind: rotated-secret` in the catalogue."""

from typing import Annotated, Literal

from pydantic import AfterValidator

from pam.policy.fields import DatabaseEntry, KeyArn, SecretName, is_managed, spelled

_NO_MENDER = (
    "rotated-secret needs login_secret, since a borrower can lock out whoever logs in as the "
    "account itself. Make a login that administers the account, keep it as a secret and name it: "
    "CREATE ROLE pam_mender LOGIN CREATEROLE PASSWORD '...'; GRANT <account> TO pam_mender WITH "
    "ADMIN TRUE, INHERIT FALSE, SET TRUE (docs/databases.md)"
)


_MANAGED = (
    "RDS rotates this secret by itself and lets nobody else write it, and PAM writes a new "
    "password at each end. Lend another account, or a user for each session (postgres-user)"
)


def _single_user(rotation: str) -> str:
    if rotation != "single-user":
        message = (
            "only single-user can be lent: an alternating-users rotation leaves the user of before "
            "valid beside the new one, so the password handed out would outlive the session"
        )
        raise ValueError(message)
    return rotation


class Entry(DatabaseEntry):
    """The static account whose login `secret` holds, for one session at a time.

    Whoever rotates the secret (MOD-045, or PAM's own function) is not PAM's business, but that it
    is a single-user rotation is.
    """

    kind: Literal["rotated-secret"]
    rotation: Annotated[str, AfterValidator(_single_user)]
    when_taken: Literal["wait", "refuse"] = "refuse"
    rotation_function: (
        Annotated[
            str, spelled(r"[\w-]{1,64}", "a function is its name in this account, not its ARN")
        ]
        | None
    ) = None
    """The rotation's Lambda function in this account, which RotateSecret's caller must be allowed
    to invoke; absent: PAM's own, or none (a rotation that a database service manages)."""
    login_secret: SecretName | None = None
    """The login that administers the account, and takes it back whatever its borrower did. Without
    it the resource is refused, with the way to make one."""
    secret_key: KeyArn | None = None

    def fault(self) -> str | None:
        if self.login_secret is None:
            return _NO_MENDER
        if self.login_secret == self.secret:
            return "login_secret is the account's own secret; it has to be another login's"
        if is_managed(self.secret):
            return _MANAGED
        return super().fault() or self.missing_host(self.login_secret)
