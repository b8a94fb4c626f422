"""How the issuer of `aws-role` is put together."""

from pam import clock
from pam.aws.clients import client
from pam.aws.role_issuer import RoleIssuer
from pam.metrics import count
from pam.names import ROLE_FULL
from pam.ports.targets import Issuer
from pam.settings import TargetSettings


def make(settings: TargetSettings) -> Issuer:
    return RoleIssuer(client, lambda _: count(ROLE_FULL, settings.env_name), clock.now)
