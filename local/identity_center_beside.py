"""The Identity Center of a stack: the fake of `local/identity_center/`, or what stands in its
place. Its roles are in the stack's emulator, so it starts after that.
"""

import shutil
from pathlib import Path

from local.beside import Beside, Service
from local.identity_center.control import IdentityCenterControl
from local.state import State

SERVICE = Service(
    title="Identity Center",
    variable="PAM_LOCAL_IDENTITY_CENTER_URL",
    path="/identity-center/",
    module="local.identity_center",
    about="identity-center.json",
)
_CALLS = "calls.jsonl"


def start(state: State, endpoint: str) -> Beside:
    """Starts the fake, once it answers; or takes what is in its place as it is."""
    folder = state.identity_center
    shutil.rmtree(folder, ignore_errors=True)
    other = SERVICE.given()
    if other is not None:
        return Beside(url=other, control_url=None, process=None)
    options = ["--emulator", endpoint, "--record", str(recorded_calls(state))]
    return SERVICE.start(folder, options)


def recorded_calls(state: State) -> Path:
    """What the app has asked of the fake, call by call (`local/identity_center/recording.py`)."""
    return state.identity_center / _CALLS


def control_of(state: State) -> IdentityCenterControl:
    """Raises BesideError where the stack has no Identity Center of ours."""
    return IdentityCenterControl.of(SERVICE.there(state.identity_center))
