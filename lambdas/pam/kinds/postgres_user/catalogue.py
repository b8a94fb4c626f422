"""`kind: postgres-user` in the catalogue."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from pam.policy.fields import DatabaseEntry, KeyArn, PostgresName, no_proxy, spelled

LogGroup = Annotated[str, Field(pattern=r"^/aws/rds/[A-Za-z0-9_./#-]{1,500}$")]


class Entry(DatabaseEntry):
    """A user of its own for each session, in `group_role`, made by the login that `secret` holds.

    `secret` has the standard RDS form: host, port, dbname, username, password; or a user and a
    password only (`rds!...`), and the entry says where. With `rds-iam` PAM
    logs in by a token of its own role instead, as `rds_db_user` (`db-...` or `cluster-...`, a
    slash, the user), and the secret needs no password.
    """

    kind: Literal["postgres-user"]
    group_role: PostgresName
    connection_limit: Annotated[int, Field(ge=1, le=100, strict=True)] = 5
    """How many connections a session's user may have at a time."""
    quarantine_role: PostgresName | None = None
    """The role, without rights and without a login, to which the objects go that a session made;
    absent: they stay with the session's user, who can do nothing any more."""
    auth: Literal["password", "rds-iam"] = "password"
    rds_db_user: (
        Annotated[
            str,
            AfterValidator(no_proxy),
            spelled(
                r"(?:db|cluster)-[A-Z0-9]+/[^*?]{1,63}",
                "rds_db_user is the resource id of the instance or the cluster, a slash, and the "
                "user: db-ABC123/pam_issuer",
            ),
        ]
        | None
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

    def fault(self) -> str | None:
        return super().fault() or self.missing_host(self.secret)

    def things(self) -> frozenset[str]:
        """The group as well as the login: two logins may make users of one group."""
        if self.host is None:
            return super().things()
        where = f"{self.host.lower().rstrip('.')}:{self.port or 5432}/{self.dbname or 'postgres'}"
        return super().things() | {f"database {where}"}
