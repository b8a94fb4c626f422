import importlib
from functools import partial
from typing import Any

import pytest

from pam import clock, vendor_calls, vendor_wiring, wiring
from pam.domain.kinds import IDENTITY_CENTER, OKTA_GROUP
from pam.settings import (
    IdentityCenterSettings,
    IssueIdentityCenterSettings,
    IssueOktaSettings,
    OktaSettings,
    Settings,
)
from tests.fakes.story import COMPILED, HOME
from tests.vendors.story import VendorStory

_HOME = {"account": HOME.account, "region": HOME.region}
_COMMON = {"env_name": "test", "table_name": "sessions", **_HOME}
_KEYS = {
    "door_key_arn": "door",
    "admission_key_arn": "admission",
    "activation_key_arn": "activation",
    "slack_key_arn": "slack",
}
_CENTER = {
    "identity_center_region": HOME.region,
    "identity_center_role": "",
    "identity_center_user_name": "{person}",
    "identity_center_url": "",
}
_OKTA = {
    "okta_client_id": "client",
    "okta_key_arn": "key",
    "okta_login": "{person}",
    "okta_api_url": "",
}
SETTINGS: dict[str, Settings] = {
    "issue_identity_center": IssueIdentityCenterSettings(**_COMMON, **_CENTER, **_KEYS),
    "revoke_identity_center": IdentityCenterSettings(**_COMMON, **_CENTER),
    "issue_okta_group": IssueOktaSettings(**_COMMON, **_OKTA, **_KEYS),
    "revoke_okta_group": OktaSettings(**_COMMON, **_OKTA),
}


@pytest.fixture(params=[IDENTITY_CENTER, OKTA_GROUP])
def story(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> VendorStory:
    """The functions have the story's store, its keys, its clock and its directory."""
    told = VendorStory(kind=request.param)
    made: Any = lambda _, seconds_left: told.directory  # noqa: E731 - in place of two
    monkeypatch.setattr(clock, "now", lambda: told.now)
    monkeypatch.setattr(vendor_calls.clock, "now", lambda: told.now)
    monkeypatch.setattr(wiring, "sessions", lambda _: told.store)
    monkeypatch.setattr(wiring, "checkouts", lambda _: told.checkouts)
    monkeypatch.setattr(wiring, "verifier", lambda _: told.keys)
    monkeypatch.setattr(wiring, "compiled_policy", lambda: COMPILED)
    monkeypatch.setattr(vendor_wiring, "identity_center_target", made)
    monkeypatch.setattr(vendor_wiring, "okta_target", made)
    for name, own in SETTINGS.items():
        monkeypatch.setattr(importlib.import_module(name), "settings", partial(_given, own))
    return told


def _given(own: Settings) -> Settings:
    return own
