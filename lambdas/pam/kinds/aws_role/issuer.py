"""How the issuer of `aws-role` is put together."""

from pam import wiring
from pam.ports.targets import Issuer
from pam.settings import TargetSettings


def make(settings: TargetSettings) -> Issuer:
    return wiring.role_issuer(settings)
