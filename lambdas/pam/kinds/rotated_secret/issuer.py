"""How the issuer of `rotated-secret` is put together."""

from pam import wiring
from pam.ports.targets import Issuer
from pam.postgres.secret_issuer import RotatedSecretIssuer
from pam.settings import TargetSettings


def make(settings: TargetSettings) -> Issuer:
    reached = wiring.databases(settings.database_sslmode, settings.database_root_certificate)
    return RotatedSecretIssuer(wiring.logins(), reached, wiring.checkouts(settings.tables))
