"""What of the person goes along into a child of `pam exec`: names and paths, and never keys."""

from pathlib import Path

import pytest

from cli.child_environment import TOKEN, URI, Person, of_aws, of_session, restore
from cli.lease import AwsLease
from cli.problems import Failure

LEASE = AwsLease(
    access_key_id="ASIALEASED",
    secret_access_key="leased-secret",
    session_token="leased-token",
    region="us-west-2",
    session_id="01JD8XGZ6Q3M4V5N6P7R8S9T0A",
    expires_at="2126-11-20T01:35:00Z",
)
ENDPOINT = {URI: "http://127.0.0.1:1/lease", TOKEN: "of-the-endpoint"}
PARENT = {
    "PATH": "/bin",
    "HOME": "/home/alice",
    "AWS_CONFIG_FILE": "/home/alice/config",
    "AWS_SHARED_CREDENTIALS_FILE": "/home/alice/credentials",
    "AWS_REGION": "eu-west-1",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
}


def child(parent: dict[str, str], *, profile: str | None = None, method: str) -> dict[str, str]:
    person = Person.of(parent, profile=profile, region=None, method=method)
    with of_aws(LEASE, parent, person=person, endpoint=ENDPOINT) as environment:
        return environment


@pytest.mark.parametrize(
    ("method", "profile", "variables", "name"),
    [
        ("sso", "alice", {}, "alice"),
        ("sso", None, {"AWS_PROFILE": "alice"}, "alice"),
        ("custom-process", None, {"AWS_DEFAULT_PROFILE": "bob", "AWS_PROFILE": "alice"}, "bob"),
        ("shared-credentials-file", None, {}, "default"),
        ("assume-role", "alice", {"AWS_PROFILE": "bob"}, "alice"),
        ("assume-role-with-web-identity", "alice", {}, "alice"),
        ("assume-role-with-web-identity", None, {"AWS_ROLE_ARN": "arn"}, ""),
        ("env", None, {"AWS_ACCESS_KEY_ID": "AKIA"}, ""),
        ("env", None, {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_PROFILE": "alice"}, ""),
        ("container-role", None, {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "x"}, ""),
        ("iam-role", None, {}, ""),
        ("boto-config", None, {}, ""),
    ],
)
def test_the_profile_that_signed_is_named_if_there_is_one(
    method: str, profile: str | None, variables: dict[str, str], name: str
) -> None:
    environment = child(PARENT | variables, profile=profile, method=method)
    assert environment.get("PAM_AWS_PROFILE", "") == name


def test_a_child_has_no_identity_but_the_endpoints() -> None:
    names = (
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE", "AWS_SECURITY_TOKEN", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME",
        "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_CREDENTIAL_FILE", "BOTO_CONFIG",
        "AWS_CREDENTIAL_EXPIRATION", "PAM_AWS_PROFILE", "AWS_ACCESS_KEY", "AWS_SECRET_KEY",
        "AMAZON_ACCESS_KEY_ID", "AMAZON_SECRET_ACCESS_KEY", "AMAZON_SESSION_TOKEN",
        "AWS_CREDENTIAL_PROFILES_FILE", "AWS_BEARER_TOKEN_BEDROCK",
    )  # fmt: skip
    other = dict.fromkeys(names, "somebody")
    environment = child(PARENT | other, method="env")
    assert "somebody" not in {environment.get(name) for name in other}
    assert environment[URI] == ENDPOINT[URI]
    assert environment[TOKEN] == "of-the-endpoint"
    kept = ("PATH", "HOME", "AWS_ENDPOINT_URL")
    assert {name: environment[name] for name in kept} == {name: PARENT[name] for name in kept}
    assert not any("leased" in value for value in environment.values())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}),
        ({"NO_PROXY": "b"}, {"NO_PROXY": "b,127.0.0.1", "no_proxy": "b,127.0.0.1"}),
        ({"no_proxy": "b"}, {"NO_PROXY": "b,127.0.0.1", "no_proxy": "b,127.0.0.1"}),
        (
            {"NO_PROXY": "a", "no_proxy": "b"},
            {"NO_PROXY": "a,127.0.0.1", "no_proxy": "b,127.0.0.1"},
        ),
        ({"no_proxy": "*"}, {"NO_PROXY": "*", "no_proxy": "*"}),
    ],
)
def test_no_proxy_hears_the_token(before: dict[str, str], after: dict[str, str]) -> None:
    """SDKs that go by these variables do so for this machine, too."""
    proxies = {"http_proxy": "http://proxy:3128", "HTTPS_PROXY": "http://proxy:3128"}
    environment = child(PARENT | proxies | before, method="sso")
    assert {name: environment[name] for name in after} == after
    assert {name: environment[name] for name in proxies} == proxies
    without = child(PARENT, method="sso")
    assert without.keys().isdisjoint(after)


def test_the_person_finds_their_own_set_up_again() -> None:
    environment = child(PARENT, profile="alice", method="sso")
    assert environment["AWS_REGION"] == "us-west-2"
    restore(environment, None)
    found = {name: environment.get(name) for name in (*PARENT, "AWS_PROFILE", URI, TOKEN)}
    assert found == PARENT | {"AWS_PROFILE": "alice", URI: None, TOKEN: None}
    assert "AWS_DEFAULT_REGION" not in environment


def test_files_at_home_are_found_again_too() -> None:
    environment = child({"HOME": "/home/alice"}, profile="alice", method="sso")
    restore(environment, None)
    assert environment["AWS_CONFIG_FILE"] == str(Path("~/.aws/config").expanduser())
    assert "AWS_REGION" not in environment


@pytest.mark.parametrize("name", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ACCESS_KEY_ID"])
def test_who_was_chosen_inside_goes_before(name: str) -> None:
    environment = child(PARENT, profile="alice", method="sso") | {name: "chosen"}
    restore(environment, None)
    assert environment[name] == "chosen"
    if name != "AWS_PROFILE":
        assert "AWS_PROFILE" not in environment


def test_nobody_is_made_up_where_there_is_no_name() -> None:
    environment = child(PARENT, method="env")
    before = dict(environment)
    with pytest.raises(Failure, match="give --profile NAME"):
        restore(environment, None)
    assert environment == before
    restore(environment, "bob")
    assert environment["AWS_CONFIG_FILE"] == PARENT["AWS_CONFIG_FILE"]


def test_outside_of_it_nothing_is_changed() -> None:
    environment = dict(PARENT)
    restore(environment, None)
    assert environment == PARENT


def test_what_is_said_of_the_session_cannot_drive_a_prompt() -> None:
    said = of_session({"PAM_EXPIRES_AT": "old"}, session_id="01J", resource="x\x1b[31m", ends="")
    assert said == {"PAM_SESSION_ID": "01J", "PAM_RESOURCE": "x\\x1b[31m"}
