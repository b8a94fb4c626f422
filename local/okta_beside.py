"""The Okta of a stack: the fake of `local/okta/`, or what stands in its place.

Once PAM is deployed, the public halves of its keys are put into its two apps there, as an
administrator of Okta does.
"""

import shutil
from pathlib import Path

from local.aws import root_client
from local.beside import Beside, Service
from local.okta import jose
from local.okta.control import OktaControl
from local.state import State
from pam.names import VendorPower, okta_key_alias

SERVICE = Service(
    title="Okta",
    variable="PAM_LOCAL_OKTA_URL",
    path="/okta/",
    module="local.okta",
    about="okta.json",
)
APPS = {
    VendorPower.ISSUE: "0oapamissuer00000001",
    VendorPower.REVOKE: "0oapamrevoker0000001",
}
"""The client ids of PAM's two apps, as in `cdk.json` and `local/okta/directory.yaml`."""
_CALLS = "calls.jsonl"


def start(state: State) -> Beside:
    """Starts the fake, once it answers; or takes what is in its place as it is."""
    shutil.rmtree(state.okta, ignore_errors=True)
    other = SERVICE.given()
    if other is not None:
        return Beside(url=other, control_url=None, process=None)
    return SERVICE.start(state.okta, ["--record", str(recorded_calls(state))])


def register_keys(state: State, beside: Beside, endpoint: str) -> None:
    """Nothing, where the Okta is not ours: whoever put it there has to."""
    if beside.process is None:
        return
    control, kms = control_of(state), root_client("kms", endpoint)
    for power, client_id in APPS.items():
        public = kms.get_public_key(KeyId=f"alias/{okta_key_alias('local', power)}")
        jwk = jose.jwk_of_der(public["PublicKey"], kid=public["KeyId"].rpartition("/")[2])
        control.register_key(client_id, jwk)


def recorded_calls(state: State) -> Path:
    """What was asked of the fake, call by call (`local/okta/recording.py`)."""
    return state.okta / _CALLS


def control_of(state: State) -> OktaControl:
    """Raises BesideError where the stack has no Okta of ours."""
    return OktaControl.of(SERVICE.there(state.okta))
