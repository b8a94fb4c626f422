"""A lease says how the borrower's own connection knows the server."""

from pathlib import Path

import pytest

from pam.postgres.login import Databases
from tests.postgres.bank import Bank, now

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def test_the_certificates_of_a_configured_file_are_in_the_lease(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text(PEM)
    known = Databases(sslmode="verify-full", root_certificate=str(file))
    assert known.trusted_certificates == PEM


@pytest.mark.parametrize("content", ["x" * (32 * 1024 + 1), "Zürich"], ids=["too long", "no PEM"])
def test_a_file_that_is_no_certificate_is_not_handed_out(tmp_path: Path, content: str) -> None:
    file = tmp_path / "ca.pem"
    file.write_text(content, encoding="utf-8")
    known = Databases(sslmode="verify-full", root_certificate=str(file))
    assert known.trusted_certificates is None


def test_a_file_that_is_not_there_is_not_handed_out(tmp_path: Path) -> None:
    known = Databases(sslmode="verify-full", root_certificate=str(tmp_path / "none.pem"))
    assert known.trusted_certificates is None


@pytest.mark.parametrize(
    ("sslmode", "certificates"),
    [("verify-full", "system"), ("verify-ca", "system"), ("require", None), ("disable", None)],
)
def test_only_a_mode_that_checks_certificates_names_any(
    sslmode: str, certificates: str | None
) -> None:
    assert Databases(sslmode=sslmode).trusted_certificates == certificates


def test_the_lease_of_each_kind_says_how_the_server_is_known(bank: Bank) -> None:
    for session in (bank.session(), bank.reports_session()):
        active = bank.activated(session)
        lease = bank.issuer_of(active).lease(active, now())
        assert (lease.sslmode, lease.sslrootcert) == ("disable", None)
        bank.issuer_of(active).end(active, now())
