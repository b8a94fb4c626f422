"""What `identity_center` and `okta` in cdk.json may say, and what is told about anything else."""

import json
from typing import Any

import pytest

from pam.domain.kinds import Vendor
from stacks.config import ConfigError, DeployConfig, load_config
from stacks.config_checks import check_vendors
from stacks.synthesis import ROOT

APPS = {"issuer_client_id": "0oapamissuer00000001", "revoker_client_id": "0oapamrevoker0000001"}
ISSUER = "arn:aws:iam::333333333333:role/Issuer"
REVOKER = "arn:aws:iam::333333333333:role/Revoker"


def load(**entries: Any) -> DeployConfig:
    return load_config("x", {"x": {"region": "eu-west-1", **entries}})


def test_what_is_not_said_is_not_lent() -> None:
    config = load()
    assert (config.identity_center, config.okta, config.vendors) == (None, None, ())
    shipped = json.loads((ROOT / "cdk.json").read_text())["context"]["environments"]
    for name in ("dev", "uat", "prod"):
        assert load_config(name, shipped).vendors == ()
    assert load_config("local", shipped).vendors == tuple(Vendor)


def test_each_is_a_switch_of_its_own() -> None:
    center = load(identity_center={})
    assert center.vendors == (Vendor.IDENTITY_CENTER,)
    assert center.identity_center is not None
    assert center.identity_center.user_name == "{person}"
    okta = load(okta={**APPS, "login": "{person}@bank.example"})
    assert okta.vendors == (Vendor.OKTA,)


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ({"identity_center": []}, "identity_center: must be an object, not []"),
        ({"identity_center": {"role": "x"}}, "identity_center: unknown key 'role'"),
        ({"identity_center": {"region": 1}}, "identity_center.region must be a str, not 1"),
        ({"identity_center": {"region": "Ireland"}}, "identity_center.region must be a region"),
        ({"identity_center": {"issuer_role": ISSUER}}, "issuer_role and revoker_role go together"),
        (
            {"identity_center": {"issuer_role": ISSUER, "revoker_role": ISSUER}},
            "identity_center.revoker_role must be another role than issuer_role",
        ),
        (
            {"identity_center": {"issuer_role": "Issuer", "revoker_role": REVOKER}},
            "identity_center.issuer_role must be the ARN of a role, not 'Issuer'",
        ),
        ({"identity_center": {"user_name": "alice"}}, "user_name must have {person} in it once"),
        ({"identity_center": {"user_name": "{person}{x}"}}, "user_name must have {person} in it"),
        (
            {"identity_center": {"user_name": "{person}-{person}"}},
            "user_name must have {person} in it once",
        ),
        (
            {"identity_center": {"endpoint_url": "https://sso.example"}},
            "identity_center.endpoint_url is for the local stack alone",
        ),
        ({"okta": {}}, "okta.issuer_client_id is missing"),
        ({"okta": {**APPS, "token": "x"}}, "okta: unknown key 'token'"),
        ({"okta": {**APPS, "issuer_client_id": "app"}}, "issuer_client_id must be the client id"),
        (
            {"okta": {**APPS, "revoker_client_id": APPS["issuer_client_id"]}},
            "okta.revoker_client_id must be another app than issuer_client_id",
        ),
        ({"okta": {**APPS, "login": "x"}}, "okta.login must have {person} in it once"),
        ({"okta": {**APPS, "api_url": "http://10.0.0.1:80/"}}, "okta.api_url is for the local"),
        ({"okta": {**APPS, "api_url": "http://u@127.0.0.1:80/"}}, "okta.api_url is for the local"),
        ({"okta": {**APPS, "api_url": "http://127.0.0.1/"}}, "okta.api_url is for the local"),
        (
            {"okta": {**APPS, "api_url": "http://127.0.0.1:80/?x=y"}},
            "okta.api_url is for the local",
        ),
        ({"okta": {**APPS, "api_url": "http://127.0.0.1:x/"}}, "okta.api_url is no address"),
    ],
)
def test_whoever_wrote_otherwise_is_told_where(entries: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError) as fault:
        load(**entries)
    assert str(fault.value).startswith("cdk.json: environments.x.")
    assert told in str(fault.value)


@pytest.mark.parametrize(
    "section",
    [
        {"identity_center": {"endpoint_url": "http://127.0.0.1:8123/identity-center/"}},
        {"okta": {**APPS, "api_url": "http://localhost:8123/okta/"}},
    ],
)
def test_another_address_than_the_vendors_own_is_the_local_stacks(section: dict[str, Any]) -> None:
    check_vendors(load(**section, account="000000000000"))
    for account in ({"account": "111111111111"}, {}):
        with pytest.raises(ConfigError, match="is for the local stack alone"):
            check_vendors(load(**section, **account))
