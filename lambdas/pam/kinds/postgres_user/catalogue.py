"""`kind: postgres-user` in the catalogue."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pam.policy.fields import IssuerEntry, KeyArn, PostgresName, SecretName

LogGroup = Annotated[str, Field(pattern=r"^/aws/rds/[A-Za-z0-9_./#-]{1,500}$")]


class Entry(IssuerEntry):
    """A user of its own for each session, in `group_role`, made by the login that `secret` holds.

    `secret` has the standard RDS form: host, port, dbname, username, password. With `rds-iam` PAM
    logs in by a token of its own role instead, as `rds_db_user` (`db-...` or `cluster-...`, a
    slash, the user), and the secret needs no password.
    """

    kind: Literal["postgres-user"]
    secret: SecretName
    group_role: PostgresName
    connection_limit: Annotated[int, Field(ge=1, le=100, strict=True)] = 5
    """How many connections a session's user may have at a time."""
    quarantine_role: PostgresName | None = None
    """The role, without rights and without a login, to which the objects go that a session made;
    absent: they stay with the session's user, who can do nothing any more."""
    auth: Literal["password", "rds-iam"] = "password"
    rds_db_user: (
        Annotated[str, Field(pattern=r"^(db|cluster|prx)-[A-Z0-9]+/[^*?]{1,63}$")] | None
    ) = None
    secret_key: KeyArn | None = None
    """The customer key that encrypts the secret; absent: the account's default key."""
    statement_log: LogGroup | None = None
    """The log group to which RDS exports the server's log, in this account; absent: what sessions
    do in the database is not recorded."""

    @model_validator(mode="after")
    def _names_the_user_of_its_token(self) -> Self:
        if (self.auth == "rds-iam") != (self.rds_db_user is not None):
            message = "rds_db_user goes with auth: rds-iam, and with nothing else"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _hands_nothing_to_the_group(self) -> Self:
        if self.quarantine_role == self.group_role:
            message = "quarantine_role is a role without rights, and so not the group_role"
            raise ValueError(message)
        return self

    def things(self) -> frozenset[str]:
        return frozenset({f"secret {self.secret}"})
