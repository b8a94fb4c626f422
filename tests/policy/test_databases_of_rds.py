"""Secrets and endpoints as RDS names them: taken where PAM can lend them, else refused with why."""

import shutil
from pathlib import Path

import pytest

from pam.policy.compiled import PolicyError
from pam.policy.compiler import load
from tests.fakes.story import ROOT

MANAGED = "rds!cluster-1a96bebc-86c1-4982-9f9f-7d6a651d2464"
USER = "kind: postgres-user, group_role: g"
ACCOUNT = "kind: rotated-secret, rotation: single-user"
PROXY = "ledger.proxy-abcdefghijkl.eu-west-1.rds.amazonaws.com"


@pytest.fixture
def policy_dir(tmp_path: Path) -> Path:
    return shutil.copytree(ROOT / "policy", tmp_path / "policy")


def lend(policy_dir: Path, issuer: str, environment: str = "prod") -> dict[str, str]:
    """The settings of one resource more."""
    path = policy_dir / "catalogue.yaml"
    entry = (
        "  - {id: more, title: T, description: D, domain: bank-core, "
        f"environment: {environment}, issuer: {{{issuer}}}}}\n"
    )
    path.write_text(path.read_text(encoding="utf-8") + entry, encoding="utf-8")
    compiled = load(policy_dir, policy_dir / "identities.yaml")
    return dict(compiled.resources[-1].issuer)


TAKEN = {
    f'{USER}, secret: "{MANAGED}", host: ledger.eu-west-1.rds.amazonaws.com': {
        "secret": MANAGED,
        "host": "ledger.eu-west-1.rds.amazonaws.com",
    },
    f'{USER}, secret: "rds!db-1a96bebc", host: 10.0.0.5, port: 6543, dbname: ledger': {
        "host": "10.0.0.5",
        "port": "6543",
        "dbname": "ledger",
    },
    f'{USER}, secret: s, host: "fd00::5"': {"host": "fd00::5"},
    f'{ACCOUNT}, secret: s, login_secret: "{MANAGED}", host: db.bank.example': {
        "login_secret": MANAGED,
        "host": "db.bank.example",
    },
    f"{USER}, secret: s, host: proxy-db.bank.example": {"host": "proxy-db.bank.example"},
    f"{USER}, secret: s, auth: rds-iam, rds_db_user: cluster-ABC/pam": {
        "rds_db_user": "cluster-ABC/pam"
    },
}


@pytest.mark.parametrize("issuer", TAKEN)
def test_what_rds_makes_is_named_as_it_is(policy_dir: Path, issuer: str) -> None:
    assert TAKEN[issuer].items() <= lend(policy_dir, issuer).items()


REFUSED = {
    f'{USER}, secret: "{MANAGED}"': "holds a user and a password only; say host",
    f'{ACCOUNT}, secret: s, login_secret: "{MANAGED}"': "user and a password only; say host",
    f'{ACCOUNT}, secret: "{MANAGED}", login_secret: l, host: h1': "lets nobody else write it",
    f"{USER}, secret: s, port: 5433": "port and dbname go with host",
    f"{USER}, secret: s, dbname: ledger": "port and dbname go with host",
    f"{ACCOUNT}, secret: s, login_secret: l, dbname: ledger": "port and dbname go with host",
    f"{USER}, secret: s, host: {PROXY}": "an RDS Proxy cannot be lent",
    f"{USER}, secret: s, host: {PROXY.upper()}": "an RDS Proxy cannot be lent",
    f"{ACCOUNT}, secret: s, login_secret: l, host: {PROXY}": "an RDS Proxy cannot be lent",
    f"{USER}, secret: s, host: reader.endpoint.{PROXY.partition('.')[2]}": "an RDS Proxy cannot",
    f"{USER}, secret: s, auth: rds-iam, rds_db_user: prx-ABC/pam": "an RDS Proxy cannot be lent",
    f"{USER}, secret: s, auth: rds-iam, rds_db_user: pam": "a slash, and the user",
    f"{USER}, secret: s, host: 'postgres://db:5432'": "without a port and without a scheme",
    f"{USER}, secret: s, host: 'db:5432'": "without a port and without a scheme",
    f"{USER}, secret: s, host: 'a.example,b.example'": "without a port and without a scheme",
    f"{USER}, secret: s, host: /run/postgresql": "without a port and without a scheme",
    f"{USER}, secret: s, host: h1, port: 70000": "less than or equal to 65535",
    f'{USER}, secret: s, host: h1, port: "5432"': "port",
}


@pytest.mark.parametrize("issuer", REFUSED)
def test_what_pam_cannot_lend_is_refused_with_the_reason(policy_dir: Path, issuer: str) -> None:
    with pytest.raises(PolicyError) as fault:
        lend(policy_dir, issuer)
    assert REFUSED[issuer] in str(fault.value)
    assert str(fault.value).startswith(f"{policy_dir / 'catalogue.yaml'}:")
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize("host", ["DB.bank.example", "db.bank.example."])
def test_one_database_is_known_by_its_host_whatever_the_secret(policy_dir: Path, host: str) -> None:
    lend(policy_dir, f"{USER}, secret: a, host: db.bank.example")
    path = policy_dir / "catalogue.yaml"
    path.write_text(path.read_text().replace("id: more", "id: first"))
    with pytest.raises(PolicyError, match=r"more \(dev\) lends what first \(prod, "):
        lend(policy_dir, f"{USER}, secret: b, host: {host}, dbname: postgres", "dev")
