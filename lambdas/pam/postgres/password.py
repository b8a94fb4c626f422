"""Changing the password of an account that stays."""

from psycopg import sql

from pam.postgres.login import Connection, verifier


def set_password(connection: Connection, username: str, password: str) -> None:
    """Of one's own account, or of another that the connection's may administer."""
    connection.execute(
        sql.SQL("ALTER ROLE {user} PASSWORD {verifier}").format(
            user=sql.Identifier(username),
            verifier=sql.Literal(verifier(connection, username, password)),
        )
    )
