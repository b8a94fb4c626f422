"""A lease says how the borrower's own connection knows the server."""

from pathlib import Path

import pytest

from pam.domain.certificates import LONGEST_CERTIFICATES
from pam.domain.errors import IssuerUnavailable
from pam.postgres.login import Databases
from tests.postgres.bank import Bank, now

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def test_the_certificates_of_a_configured_file_are_in_the_lease(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text(PEM)
    known = Databases(sslmode="verify-full", root_certificate=str(file))
    assert known.trusted_certificates == PEM


@pytest.mark.parametrize(
    "content",
    [None, "", "x" * (LONGEST_CERTIFICATES + 1), "Zürich"],
    ids=lambda text: repr(text)[:9],
)
def test_without_readable_certificates_there_is_no_lease(
    tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    known = Databases(sslmode="verify-full", root_certificate=str(file))
    with pytest.raises(IssuerUnavailable, match="certificates by which databases are known"):
        _ = known.trusted_certificates


@pytest.mark.parametrize("sslmode", ["verify-full", "verify-ca"])
def test_a_mode_that_checks_certificates_needs_some(sslmode: str) -> None:
    with pytest.raises(ValueError, match=f"{sslmode} needs a file of certificates"):
        Databases(sslmode=sslmode)


@pytest.mark.parametrize("sslmode", ["require", "disable"])
def test_a_mode_that_checks_none_names_none(sslmode: str) -> None:
    assert Databases(sslmode=sslmode, root_certificate="any.pem").trusted_certificates is None


def test_the_lease_of_each_kind_says_how_the_server_is_known(bank: Bank) -> None:
    for session in (bank.session(), bank.reports_session()):
        active = bank.activated(session)
        lease = bank.issuer_of(active).lease(active, now())
        assert lease.sslmode == "verify-full"
        assert lease.sslrootcert == bank.server.authority.read_text()
        bank.issuer_of(active).end(active, now())
