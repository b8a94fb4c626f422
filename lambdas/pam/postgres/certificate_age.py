"""Whether a server's certificate is out of date: libpq says only that it did not verify."""

import socket
import ssl
import struct

_ASKS_FOR_TLS = struct.pack("!II", 8, 80877103)
_AGREES = b"S"
_WITHIN_SECONDS = 3
_HAS_EXPIRED = 10
"""OpenSSL's X509_V_ERR_CERT_HAS_EXPIRED. Who signed it is known by then."""


def has_expired(host: str, port: int, root_certificate: str) -> bool:
    """False also where nobody says: it is asked to tell people what to mend, and decides nothing.
    No login is sent.
    """
    try:
        known = ssl.create_default_context(cafile=root_certificate)
        with socket.create_connection((host, port), timeout=_WITHIN_SECONDS) as plain:
            plain.sendall(_ASKS_FOR_TLS)
            if plain.recv(1) == _AGREES:
                known.wrap_socket(plain, server_hostname=host).close()
    except ssl.SSLCertVerificationError as error:
        return error.verify_code == _HAS_EXPIRED
    except OSError:
        return False
    return False
