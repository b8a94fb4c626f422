"""How the issuer of `postgres-user` is put together."""

from pam import wiring
from pam.aws.rds_token import own_rds_token
from pam.ports.targets import Issuer
from pam.postgres.user_issuer import PostgresUserIssuer
from pam.settings import TargetSettings


def make(settings: TargetSettings) -> Issuer:
    reached = wiring.databases(settings.database_sslmode, settings.database_root_certificate)
    return PostgresUserIssuer(wiring.logins(), reached, own_rds_token)
