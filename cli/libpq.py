"""The variables by which libpq, and what is built on it, is told where and how to connect.

A lease says which server, as whom, and how that server is known. The caller's own variables for
that come from other work, or from a folder that sets them, and must not decide any of it.
"""

from collections.abc import Mapping

PREFIX = "PG"
HARMLESS = frozenset({"PGAPPNAME", "PGCLIENTENCODING", "PGCONNECT_TIMEOUT", "PGDATESTYLE", "PGTZ"})
"""Kept: they set how a session looks or how long to wait, and neither server, login, encryption
nor trust. Every other variable of the prefix goes, also one that a later libpq brings.
"""
KNOWN = frozenset(
    {
        # another server, or another one of several
        "PGHOSTADDR",
        "PGLOADBALANCEHOSTS",
        "PGPORT",
        "PGSERVICE",
        "PGSERVICEFILE",
        "PGSYSCONFDIR",
        "PGTARGETSESSIONATTRS",
        # somebody else's login, or another way to log in
        "PGGSSDELEGATION",
        "PGGSSLIB",
        "PGKRBSRVNAME",
        "PGOAUTHDEBUG",
        "PGPASSFILE",
        "PGREALM",
        "PGREQUIREAUTH",
        "PGREQUIREPEER",
        "PGSSLCERT",
        "PGSSLCERTMODE",
        "PGSSLKEY",
        # weaker encryption, or none, or another protocol
        "PGCHANNELBINDING",
        "PGMAXPROTOCOLVERSION",
        "PGMINPROTOCOLVERSION",
        "PGREQUIRESSL",
        "PGSSLCOMPRESSION",
        "PGSSLMAXPROTOCOLVERSION",
        "PGSSLMINPROTOCOLVERSION",
        "PGSSLNEGOTIATION",
        "PGSSLSNI",
        # other roots, or other revocations
        "PGSSLCRL",
        "PGSSLCRLDIR",
        "PGSSLROOTCERT",
        # settings of the session on the server: a role, a search path
        "PGGEQO",
        "PGOPTIONS",
        # other texts for what libpq says
        "PGLOCALEDIR",
    }
)
"""What libpq reads up to PostgreSQL 18 and a lease does not always set. A shell is told to unset
these even if they are not set here, since it may be another one that reads the lines.
"""
ROOT_STORES = frozenset({"SSL_CERT_DIR", "SSL_CERT_FILE"})
"""OpenSSL's: certificates to take for the system's roots."""


def interfering(environment: Mapping[str, str], *, system_roots: bool) -> frozenset[str]:
    """Names to remove before a lease's own variables are set; `system_roots` says whether the
    server is to be known by the system's certificates.
    """
    found = {name for name in environment if name.startswith(PREFIX)}
    stores = ROOT_STORES if system_roots else frozenset()
    return (KNOWN | stores | found) - HARMLESS
