"""How what is done at Identity Center is asked of the functions that may do it."""

from pam import wiring
from pam.domain.kinds import IDENTITY_CENTER
from pam.ports.targets import StandingTarget
from pam.settings import TargetSettings


def make(settings: TargetSettings) -> StandingTarget:
    return wiring.vendor_functions(IDENTITY_CENTER, settings)
