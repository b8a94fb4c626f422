"""Each database that the catalogue lends: its secrets, and whether its server speaks TLS."""

import socket
import ssl
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from deployment.environment import ROOT
from deployment.preflight.check import (
    Check,
    Finding,
    Surroundings,
    code_of,
    ok,
    unknown,
    warning,
    wrong,
)
from pam.domain.kinds import ROTATED_SECRET, Need
from pam.domain.resource import Resource
from stacks.config import Rotation, SslMode

_SSL_REQUEST = bytes.fromhex("0000000804d2162f")
"""PostgreSQL's own question: does the server speak TLS? `S` is yes, `N` is no."""
_SECONDS = 3.0
_DEFAULT_KEY = "alias/aws/secretsmanager"


def _look_at_secrets(around: Surroundings) -> Iterator[Finding]:
    for resource in around.policy.resources:
        for name in resource.needing(Need.READ_SECRET):
            yield from _of_secret(around, resource, name)


def _of_secret(around: Surroundings, resource: Resource, name: str) -> Iterator[Finding]:
    try:
        secret = around.clients("secretsmanager").describe_secret(SecretId=name)
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        remedy = "docs/databases.md says what it holds"
        yield wrong(f"{resource.resource_id}: there is no secret {name}", remedy)
        return
    if "DeletedDate" in secret:
        yield wrong(
            f"{resource.resource_id}: the secret {name} is about to be deleted",
            f"aws secretsmanager restore-secret --secret-id {name}",
        )
        return
    faults = [
        *_of_key(around, resource, name, secret),
        *_of_rotation(around, resource, name, secret),
    ]
    yield from faults
    if not faults:
        yield ok(f"{resource.resource_id}: the secret {name} is there")


def _of_key(
    around: Surroundings, resource: Resource, name: str, secret: dict[str, Any]
) -> Iterator[Finding]:
    key = secret.get("KmsKeyId") or _DEFAULT_KEY
    if key.endswith(_DEFAULT_KEY):
        return
    named = set(resource.needing(Need.USE_KEY))
    metadata = around.clients("kms").describe_key(KeyId=key)["KeyMetadata"]
    if metadata["Arn"] not in named:
        yield wrong(
            f"{resource.resource_id}: the secret {name} is under {metadata['Arn']}, which PAM's "
            "functions may not use",
            f"secret_key: {metadata['Arn']} (policy/catalogue.yaml)",
        )
    elif metadata["KeyState"] != "Enabled":
        yield wrong(
            f"{resource.resource_id}: the key of {name} is {metadata['KeyState']}",
            "enable it, or put the secret under another",
        )


def _of_rotation(
    around: Surroundings, resource: Resource, name: str, secret: dict[str, Any]
) -> Iterator[Finding]:
    if resource.issuer_kind != ROTATED_SECRET or name not in resource.needing(Need.ROTATE_SECRET):
        return
    if secret.get("RotationEnabled") or around.config.rotation is Rotation.SCHEDULE:
        return
    yield wrong(
        f"{resource.resource_id}: nothing rotates the secret {name}, and each session needs it",
        "set up its rotation (single user), or rotation: schedule for PAM's own (cdk.json)",
    )


def _look_at_servers(around: Surroundings) -> Iterator[Finding]:
    if around.config.database_sslmode is SslMode.DISABLE:
        yield warning("database_sslmode is disable: passwords cross the network in the clear")
        return
    context = _context(around)
    found = False
    for resource in around.policy.resources:
        if not resource.needing(Need.READ_SECRET):
            continue
        found = True
        if host := resource.issuer.get("host"):
            port = int(resource.issuer.get("port", 5432))
            yield _of_server(resource.resource_id, host, port, context)
        else:
            yield unknown(
                f"{resource.resource_id}: its secret says where it is, which is not read here",
                "its first session tells; or say host in the catalogue",
            )
    if not found:
        yield ok("no database is lent")


def _context(around: Surroundings) -> ssl.SSLContext:
    """As the functions verify a server."""
    authorities = around.config.database_ca
    context = ssl.create_default_context(cafile=str(ROOT / authorities) if authorities else None)
    if around.config.database_sslmode is SslMode.REQUIRE:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _of_server(resource_id: str, host: str, port: int, context: ssl.SSLContext) -> Finding:
    where = f"{resource_id}: {host}:{port}"
    try:
        with socket.create_connection((host, port), timeout=_SECONDS) as plain:
            plain.sendall(_SSL_REQUEST)
            answer = plain.recv(1)
            if answer != b"S":
                remedy = "turn on TLS there (ssl = on; rds.force_ssl)"
                return wrong(f"{where} does not speak TLS (it answered {answer!r})", remedy)
            with context.wrap_socket(plain, server_hostname=host) as secured:
                return ok(f"{where} speaks {secured.version()}, and is who it says it is")
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or error.reason or "no reason given"
        return wrong(
            f"{where}: its certificate is not taken: {reason}",
            "name its authority in database_ca (cdk.json; docs/databases.md)",
        )
    except OSError as error:
        return unknown(
            f"{where} cannot be reached from here: {error}",
            "from the functions' network it may; its first session tells",
        )


CHECKS = (
    Check(
        name="secrets",
        reason="a session of a database begins with the login that its secret holds",
        look=_look_at_secrets,
    ),
    Check(
        name="databases",
        reason="PAM logs in over verified TLS, or not at all",
        look=_look_at_servers,
    ),
)
