"""How what is done at Okta is asked of the functions that may do it."""

from pam import wiring
from pam.domain.kinds import OKTA_GROUP
from pam.ports.targets import StandingTarget
from pam.settings import TargetSettings


def make(settings: TargetSettings) -> StandingTarget:
    return wiring.vendor_functions(OKTA_GROUP, settings)
