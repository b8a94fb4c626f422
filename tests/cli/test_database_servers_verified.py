"""How a leased login's server is known: by what the lease says, and by nothing that was set before.

libpq itself (psycopg's, in a child of `pam exec`) decides whom it believes.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from psycopg import pq

from cli.lease import parse
from cli.libpq import HARMLESS, KNOWN, ROOT_STORES
from cli.problems import Failure
from local.certificates import Authority
from local.tls_relay import context_of
from tests.cli.fake_api import NASTY, SESSION_ID, FakeApi, Pam, PamProcess, login
from tests.cli.fake_database import database

CALL = f"POST /pam/sessions/{SESSION_ID}/credentials"
SHOW = "import json, os, sys; json.dump(dict(os.environ), sys.stdout)"
CONNECT = "import psycopg; psycopg.connect()"
PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
OF_LIBPQ = frozenset(
    option.envvar.decode() for option in pq.Conninfo.get_defaults() if option.envvar
)
OF_THE_LEASE = frozenset(
    {"PGHOST", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD", "PGSSLMODE", "PGGSSENCMODE"}
)


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("said", "mode", "roots"),
    [
        ({}, "verify-full", "system"),
        ({"sslmode": None, "sslrootcert": None}, "verify-full", "system"),
        ({"sslmode": "verify-full"}, "verify-full", "system"),
        ({"sslmode": "verify-full", "sslrootcert": "system"}, "verify-full", "system"),
        ({"sslmode": "verify-ca"}, "verify-ca", "system"),
        ({"sslmode": "require"}, "require", None),
        ({"sslmode": "require", "sslrootcert": "system"}, "require", None),
        ({"sslmode": "disable"}, "disable", None),
        ({"sslmode": "disable", "sslrootcert": "system"}, "disable", None),
        ({"sslmode": "disable", "sslrootcert": PEM}, "disable", None),
    ],
)
def test_the_server_is_verified_as_the_lease_says_and_fully_if_it_says_nothing(
    said: dict[str, Any], mode: str, roots: str | None
) -> None:
    environment = parse(login(**said)).child_environment({"PGSSLMODE": "prefer"})
    assert (environment["PGSSLMODE"], environment.get("PGSSLROOTCERT")) == (mode, roots)
    assert environment["PGGSSENCMODE"] == "disable"


@pytest.mark.parametrize("mode", ["verify-full", "verify-ca", "require"])
def test_certificates_of_the_lease_are_in_a_file_that_has_exactly_them(
    home: Path, mode: str
) -> None:
    bundle = f"# Bänk\r\n{PEM}\n\n{PEM}no newline at the end"
    environment = parse(login(sslmode=mode, sslrootcert=bundle)).child_environment({})
    file = Path(environment["PGSSLROOTCERT"])
    assert file.read_bytes() == bundle.encode()
    assert file.is_relative_to(home)
    assert (file.stat().st_mode & 0o7777, file.parent.stat().st_mode & 0o7777) == (0o600, 0o700)


@pytest.mark.parametrize(
    "said",
    [
        *({"sslmode": mode} for mode in ("", "prefer", "allow", "Verify-Full", "verify-full ")),
        *({"sslmode": mode} for mode in ("disable\n", "none", 0, 1, True, False, [], ["disable"])),
        *({"sslrootcert": root} for root in ("", "System", "system ", "/tmp/mine.pem", "mine.pem")),
        *({"sslrootcert": root} for root in (7, True, [PEM], {"pem": PEM}, PEM + "\ud800")),
        {"sslrootcert": "-----BEGIN CERTIFICATE-----\nAAAA\n"},
        {"sslmode": "disable", "sslrootcert": "/tmp/mine.pem"},
    ],
    ids=repr,
)
def test_a_lease_whose_server_cannot_be_known_by_it_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(Failure, match=f"the lease's {next(reversed(said))} is"):
        parse(login(**said))


@pytest.mark.parametrize("form", ["env", "psql"])
def test_nothing_is_printed_of_a_lease_that_is_refused(fake: FakeApi, pam: Pam, form: str) -> None:
    fake.on(CALL, login(sslmode="\x1b[2Jprefer\n"))
    result = pam("credentials", SESSION_ID, "--format", form)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1
    assert NASTY not in result.stderr


def test_a_command_does_not_run_with_a_lease_that_is_refused(
    fake: FakeApi, pam_process: PamProcess
) -> None:
    fake.on(CALL, login(sslmode="prefer"))
    result = pam_process("exec", SESSION_ID, "--", "echo", "ran")
    assert (result.returncode, result.stdout) == (1, "")


def test_every_variable_that_libpq_reads_is_the_leases_or_decided_about() -> None:
    assert len(OF_LIBPQ) > 30
    assert OF_LIBPQ <= OF_THE_LEASE | KNOWN | HARMLESS


def _hostile(monkeypatch: pytest.MonkeyPatch) -> frozenset[str]:
    """Sets whatever a caller may have set; the answer is what must not get through."""
    names = OF_LIBPQ | KNOWN | HARMLESS | ROOT_STORES | {"PGOFALATERRELEASE", "PG"}
    for name in names:
        monkeypatch.setenv(name, "elsewhere")
    return names - HARMLESS


def test_none_of_the_callers_own_settings_reaches_the_command(
    fake: FakeApi, pam_process: PamProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    _hostile(monkeypatch)
    fake.on(CALL, login(port=None))
    result = pam_process("exec", SESSION_ID, "--", sys.executable, "-c", SHOW)
    environment = json.loads(result.stdout)
    kept = {name for name, value in environment.items() if value == "elsewhere"}
    assert kept == HARMLESS


@pytest.mark.parametrize("form", ["env", "psql"])
def test_none_of_the_callers_own_settings_gets_by_a_shell(
    fake: FakeApi, pam: Pam, monkeypatch: pytest.MonkeyPatch, form: str, tmp_path: Path
) -> None:
    hostile = _hostile(monkeypatch)
    fake.on(CALL, login(port=None))
    printed = pam("credentials", SESSION_ID, "--format", form).stdout
    psql = tmp_path / "psql"
    psql.write_text(f'#!{sys.executable}\n{SHOW}\nassert sys.argv[1:] == ["-c", "SELECT 1"]\n')
    psql.chmod(0o755)
    script = printed.removesuffix("\n") + ("\npsql" if form == "env" else "") + " -c 'SELECT 1'"
    done = subprocess.run(
        ["/bin/sh", "-c", script],
        capture_output=True,
        text=True,
        check=True,
        # Another shell than the one that `pam` runs in: what only that one sets is not known.
        env=dict.fromkeys(hostile, "elsewhere") | {"PATH": f"{tmp_path}:/bin:/usr/bin"},
    )
    environment = json.loads(done.stdout)
    assert "elsewhere" not in environment.values()
    assert environment["PGSSLMODE"] == "verify-full"


@pytest.mark.parametrize(
    ("said", "kept"),
    [({}, set()), ({"sslmode": "require"}, ROOT_STORES), ({"sslrootcert": PEM}, ROOT_STORES)],
)
def test_the_callers_own_roots_do_not_take_the_systems_place_where_those_decide(
    home: Path, said: dict[str, Any], kept: set[str]
) -> None:
    own = dict.fromkeys(ROOT_STORES, "/mine.pem")
    assert parse(login(**said)).child_environment(own).keys() & ROOT_STORES == kept


def test_libpq_gives_its_login_to_no_server_without_tls(
    fake: FakeApi, pam_process: PamProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PGSSLMODE": "disable", "PGGSSENCMODE": "prefer"}.items():
        monkeypatch.setenv(name, value)
    with database() as server:
        fake.on(CALL, login(host="localhost", port=server.port))
        result = pam_process("exec", SESSION_ID, "--", sys.executable, "-c", CONNECT)
    assert result.returncode == 1
    assert (set(server.wanted), server.logins) == ({"TLS"}, [])


@pytest.mark.parametrize(
    ("named", "lent", "reached"),
    [
        ("localhost", "its own", True),
        ("localhost", "another", False),
        ("localhost", "system", False),
        ("elsewhere.example", "its own", False),
    ],
)
def test_libpq_gives_its_login_only_to_the_server_that_the_leases_authority_names(
    fake: FakeApi,
    pam_process: PamProcess,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    named: str,
    lent: str,
    reached: bool,
) -> None:
    own = Authority.new()
    roots = {"its own": own.pem, "another": Authority.new().pem, "system": "system"}[lent]
    key = tmp_path / "server.pem"
    key.write_bytes(own.server(named))
    trusted = tmp_path / "trusted-by-the-caller.pem"
    trusted.write_text(own.pem)
    for name in ("PGSSLROOTCERT", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, str(trusted))
    monkeypatch.setenv("PGSSLMODE", "require")
    monkeypatch.setenv("PGOPTIONS", "-c role=postgres")
    with database(context_of(key)) as server:
        fake.on(CALL, login(host="localhost", port=server.port, sslrootcert=roots))
        result = pam_process("exec", SESSION_ID, "--", sys.executable, "-c", CONNECT)
    assert ("refused here" in result.stderr) is reached, result.stderr
    assert [begun["user"] for begun in server.logins] == ["pam_01m7"] * reached
    assert all("options" not in begun for begun in server.logins)
