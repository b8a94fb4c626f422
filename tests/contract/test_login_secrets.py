"""Database logins in Secrets Manager, and tokens for RDS."""

import json
import traceback
from functools import partial
from typing import Any

import boto3
import pytest
from botocore.credentials import Credentials
from botocore.stub import Stubber

from pam.aws.login_secrets import SecretsManagerLogins, SecretsManagerRotation
from pam.aws.rds_token import rds_token
from pam.domain.errors import IssuerUnavailable
from pam.ports.targets import DatabaseLogin

SECRET = "bank/core-ledger-db/pam-issuer"
DOCUMENT = {
    "engine": "postgres",
    "host": "ledger.example",
    "port": 5433,
    "dbname": "core_ledger",
    "username": "pam_issuer",
    "password": "the-password",
}


@pytest.fixture
def manager(aws: None) -> Any:
    return boto3.client("secretsmanager")


def put(manager: Any, document: Any) -> SecretsManagerLogins:
    manager.create_secret(Name=SECRET, SecretString=json.dumps(document))
    return SecretsManagerLogins(manager)


def test_the_standard_form_of_rds_is_read(manager: Any) -> None:
    assert put(manager, DOCUMENT).login(SECRET, {}) == DatabaseLogin(
        host="ledger.example",
        port=5433,
        dbname="core_ledger",
        username="pam_issuer",
        password="the-password",
    )


@pytest.mark.parametrize("absent", ["port", "dbname", "password", "engine"])
def test_what_may_be_left_out_is_filled_in(manager: Any, absent: str) -> None:
    login = put(manager, {k: v for k, v in DOCUMENT.items() if k != absent}).login(SECRET, {})
    assert login.username == "pam_issuer"
    assert login.port == (5432 if absent == "port" else 5433)


@pytest.mark.guarantee("G8")
@pytest.mark.parametrize(
    "document",
    [
        {**DOCUMENT, "engine": "mysql"},
        {**DOCUMENT, "port": "the-password"},
        {"password": "the-password"},
        ["the-password"],
        "the-password",
    ],
)
def test_another_form_is_refused_without_a_word_of_it(manager: Any, document: Any) -> None:
    logins = put(manager, document)
    with pytest.raises(IssuerUnavailable, match="standard form") as told:
        logins.login(SECRET, {})
    assert "the-password" not in "".join(traceback.format_exception(told.value))


MANAGED = {"username": "pam_issuer", "password": "the-password"}


def test_a_secret_that_rds_manages_holds_a_user_and_the_catalogue_says_where(manager: Any) -> None:
    logins = put(manager, MANAGED)
    with pytest.raises(IssuerUnavailable, match="no host; say host in the catalogue"):
        logins.login(SECRET, {})
    assert logins.login(SECRET, {"host": "db.bank.example", "secret": "x"}) == DatabaseLogin(
        host="db.bank.example",
        port=5432,
        dbname="postgres",
        username="pam_issuer",
        password="the-password",
    )
    where = {"host": "db.bank.example", "port": "6543", "dbname": "ledger", "username": "other"}
    login = logins.login(SECRET, where)
    assert (login.port, login.dbname, login.username) == (6543, "ledger", "pam_issuer")


def test_what_the_catalogue_says_stands_above_the_secret(manager: Any) -> None:
    logins = put(manager, DOCUMENT)
    login = logins.login(SECRET, {"host": "db.bank.example"})
    assert (login.host, login.port) == ("db.bank.example", int(DOCUMENT["port"]))


@pytest.mark.parametrize(
    "host",
    [
        "ledger.proxy-abcdefghijkl.eu-west-1.rds.amazonaws.com",
        "LEDGER.PROXY-ABCDEFGHIJKL.EU-WEST-1.RDS.AMAZONAWS.COM.",
        "reader.endpoint.proxy-abcdefghijkl.eu-west-1.rds.amazonaws.com",
        "ledger.proxy-abcdefghijkl.cn-north-1.rds.amazonaws.com.cn",
        "ledger.proxy-abcdefghijkl.eusc-de-east-1.rds.amazonaws.eu",
    ],
)
def test_a_proxy_is_refused_with_the_reason_before_it_is_called(manager: Any, host: str) -> None:
    logins = put(manager, {**DOCUMENT, "host": host})
    with pytest.raises(IssuerUnavailable, match="an RDS Proxy cannot be lent"):
        logins.login(SECRET, {})


@pytest.mark.parametrize(
    "host",
    [
        "proxy-db.bank.example",
        "ledger.abcdefghijkl.eu-west-1.rds.amazonaws.com",
        "ledger.cluster-ro-abcdefghijkl.eu-west-1.rds.amazonaws.com",
        "127.0.0.1",
    ],
)
def test_what_is_no_proxy_is_taken(manager: Any, host: str) -> None:
    assert put(manager, {**DOCUMENT, "host": host}).login(SECRET, {}).host == host


def test_a_secret_that_is_not_there_is_the_targets_fault(manager: Any) -> None:
    logins = SecretsManagerLogins(manager)
    for act in (partial(logins.login, where={}), logins.versions):
        with pytest.raises(IssuerUnavailable, match="ResourceNotFoundException"):
            act(SECRET)


def test_a_rotation_that_is_under_way_is_no_fault_and_any_other_refusal_is(aws: None) -> None:
    client = boto3.client("secretsmanager")
    token = "0" * 36
    with Stubber(client) as stub:
        stub.add_client_error("rotate_secret", "InvalidRequestException")
        stub.add_client_error("rotate_secret", "AccessDeniedException")
        SecretsManagerLogins(client).rotate(SECRET, token)
        with pytest.raises(IssuerUnavailable, match="AccessDenied"):
            SecretsManagerLogins(client).rotate(SECRET, token)


def test_a_rotation_moves_the_label_as_secrets_manager_wants_it(manager: Any) -> None:
    put(manager, DOCUMENT)
    first = manager.describe_secret(SecretId=SECRET)["VersionIdsToStages"]
    (before,) = first
    pending = "1" * 36
    rotation = SecretsManagerRotation(manager, SECRET)
    assert not rotation.rotates()
    assert rotation.value(stage="AWSPENDING", version=pending) is None
    rotation.put_pending(pending, {**DOCUMENT, "password": "new"})
    assert rotation.value(stage="AWSPENDING", version=pending) == {**DOCUMENT, "password": "new"}
    rotation.make_current(pending, before)
    logins = SecretsManagerLogins(manager)
    assert logins.login(SECRET, {}, stage="AWSCURRENT").password == "new"
    assert logins.login(SECRET, {}, stage="AWSPREVIOUS").password == "the-password"
    assert logins.login(SECRET, {}, version=before).password == "the-password"
    assert "AWSCURRENT" in logins.versions(SECRET)[pending]


def test_a_renewed_login_is_current_keeps_all_else_and_takes_the_pending_label(
    manager: Any,
) -> None:
    """Secrets Manager moves that label, and a rotation without it ends."""
    logins = put(manager, {**DOCUMENT, "masterarn": "kept"})
    (before,) = manager.describe_secret(SecretId=SECRET)["VersionIdsToStages"]
    version = "2" * 36
    assert logins.renew(SECRET, {}, version, "new").password == "new"
    value = json.loads(manager.get_secret_value(SecretId=SECRET)["SecretString"])
    assert value == {**DOCUMENT, "masterarn": "kept", "password": "new"}
    labels = logins.versions(SECRET)
    assert labels[version] == {"AWSCURRENT", "AWSPENDING"}
    assert labels[before] == {"AWSPREVIOUS"}


def test_a_version_is_renewed_once_and_what_came_after_it_stands(manager: Any) -> None:
    logins, version, later = put(manager, DOCUMENT), "2" * 36, "3" * 36
    logins.renew(SECRET, {}, version, "new")
    assert logins.renew(SECRET, {}, version, "another").password == "new"
    logins.renew(SECRET, {}, later, "of the owner")
    assert logins.renew(SECRET, {}, version, "another").password == "of the owner"


def test_a_twin_that_made_the_version_in_the_same_moment_is_as_good(aws: None) -> None:
    client = boto3.client("secretsmanager")
    mine, theirs = ({"SecretString": json.dumps({**DOCUMENT, "password": p})} for p in ("a", "b"))
    with Stubber(client) as stub:
        stub.add_client_error("get_secret_value", "ResourceNotFoundException")
        stub.add_response("get_secret_value", mine)
        stub.add_client_error("put_secret_value", "ResourceExistsException")
        stub.add_response("get_secret_value", theirs)
        assert SecretsManagerLogins(client).renew(SECRET, {}, "2" * 36, "c").password == "b"


def test_a_secret_that_may_not_be_written_is_the_targets_fault(aws: None) -> None:
    client = boto3.client("secretsmanager")
    with Stubber(client) as stub:
        stub.add_client_error("get_secret_value", "ResourceNotFoundException")
        stub.add_response("get_secret_value", {"SecretString": json.dumps(DOCUMENT)})
        stub.add_client_error("put_secret_value", "AccessDeniedException")
        with pytest.raises(IssuerUnavailable, match="AccessDenied"):
            SecretsManagerLogins(client).renew(SECRET, {}, "2" * 36, "new")


def test_the_token_for_rds_is_the_one_that_the_sdk_makes(
    aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = DatabaseLogin(
        host="db.example", port=5432, dbname="x", username="pam_issuer", password=""
    )
    region = "eu-central-1"
    rds = boto3.client("rds", region_name=region)
    credentials = Credentials("testing", "testing", "session/token=")
    monkeypatch.setattr(rds._request_signer, "_credentials", credentials)
    theirs = rds.generate_db_auth_token(DBHostname="db.example", Port=5432, DBUsername="pam_issuer")
    ours = rds_token(credentials, login, region)
    assert _parts(ours) == _parts(theirs)


def _parts(token: str) -> dict[str, str]:
    """Without what depends on the second of signing."""
    address, _, query = token.partition("?")
    fields = dict(field.split("=", 1) for field in query.split("&"))
    for name in ("X-Amz-Date", "X-Amz-Signature"):
        assert fields.pop(name)
    return fields | {"address": address}
