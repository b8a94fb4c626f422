"""What a command under `pam exec` finds in its environment, and what `pam` inside it makes of that.

AWS's SDKs look into the shared files before they ask an endpoint, so the child is shown files of
ours with a region and nothing else: whatever stands in the person's own files, the child is the
lease. Where those files are, and the *name* of the person's profile, go along for `pam` alone.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cli.lease import OTHER_IDENTITIES, AwsLease
from cli.problems import Failure, one_line
from cli.text import clean

URI, TOKEN = "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN"
"""Where SDKs are told of an endpoint for credentials, and what to show there."""
_CONFIG, _CREDENTIALS = "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"
_OWN = "PAM_"
"""Before a name: what the person themselves has there."""
_PROFILE, _REGION = "AWS_PROFILE", "AWS_REGION"
_REGIONS = (_REGION, "AWS_DEFAULT_REGION")
_PROFILES = ("AWS_DEFAULT_PROFILE", _PROFILE)
"""In the order in which botocore looks."""
_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_SESSION, _RESOURCE, _ENDS = "PAM_SESSION_ID", "PAM_RESOURCE", "PAM_EXPIRES_AT"
_BEARER = "AWS_BEARER_TOKEN_"
"""Before the name of a service that takes the token for an identity."""
_NO_PROXY = ("NO_PROXY", "no_proxy") if os.name == "posix" else ("NO_PROXY",)
_PROXIES = frozenset({"all_proxy", "http_proxy", "https_proxy"})
_ENDPOINT_HOST = "127.0.0.1"
_REGION_NAME = re.compile(r"[a-z0-9-]{1,32}", re.ASCII)
OLDER = frozenset({"AWS_CREDENTIAL_FILE", "AWS_CREDENTIAL_EXPIRATION", "BOTO_CONFIG"})
"""Files of keys from before there were shared files; Python's SDK still asks them first."""
_OF_FILES = frozenset(
    {
        "assume-role",
        "assume-role-with-web-identity",
        "config-file",
        "custom-process",
        "login",
        "shared-credentials-file",
        "sso",
    }
)
"""botocore's names of the ways to credentials that a profile of the shared files has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whose `pam` this is, for a `pam` inside the child. Names and paths only, never keys."""

    config_file: str
    credentials_file: str
    profile: str
    """Empty where the credentials are of no profile: keys in the environment, a container."""
    region: str
    """Empty where the profile alone says."""

    @classmethod
    def of(
        cls, environ: Mapping[str, str], *, profile: str | None, region: str | None, method: str
    ) -> "Person":
        """`profile` and `region` as they were given; `method` is botocore's name for the way by
        which the credentials were found.
        """
        named = profile or _first(environ, _PROFILES)
        by_token = method.endswith("web-identity") and not named
        return cls(
            config_file=environ.get(_CONFIG) or _at_home("config"),
            credentials_file=environ.get(_CREDENTIALS) or _at_home("credentials"),
            profile=(named or "default") if method in _OF_FILES and not by_token else "",
            region=region or _first(environ, _REGIONS),
        )

    def environment(self) -> dict[str, str]:
        variables = {
            _CONFIG: self.config_file,
            _CREDENTIALS: self.credentials_file,
            _PROFILE: self.profile,
            _REGION: self.region,
        }
        return {_OWN + name: value for name, value in variables.items() if value}


@contextmanager
def of_aws(
    lease: AwsLease, parent: Mapping[str, str], *, person: Person, endpoint: Mapping[str, str]
) -> Iterator[dict[str, str]]:
    """`parent` with the lease behind `endpoint`, and no other identity. The files that it names
    are there while this is entered. Raises Failure if they cannot be written.
    """
    gone = {*OTHER_IDENTITIES, *OLDER, *_KEYS, *_REGIONS}
    gone |= {_OWN + name for name in (_CONFIG, _CREDENTIALS, _PROFILE, _REGION)}
    kept = {
        name: value
        for name, value in parent.items()
        if name not in gone and not name.startswith(_BEARER)
    }
    region = dict.fromkeys(_REGIONS, lease.region) if lease.region else {}
    with _files(lease.region) as (config, nothing):
        yield {
            **kept,
            **_past_proxies(kept),
            **region,
            _CONFIG: config,
            _CREDENTIALS: nothing,
            "BOTO_CONFIG": nothing,
            "AWS_EC2_METADATA_DISABLED": "true",
            **endpoint,
            **person.environment(),
        }


def _past_proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """Where there is a proxy, it is not for this machine: it would hear the endpoint's token."""
    if not any(name.lower() in _PROXIES for name in environment):
        return {}
    before = {name: environment.get(name) or _first(environment, _NO_PROXY) for name in _NO_PROXY}
    return {name: _with_endpoint(hosts) for name, hosts in before.items()}


def _with_endpoint(hosts: str) -> str:
    there = {host.strip() for host in hosts.split(",")} & {"*", _ENDPOINT_HOST}
    return hosts if there else ",".join(filter(None, (hosts, _ENDPOINT_HOST)))


def of_session(
    parent: Mapping[str, str], *, session_id: str, resource: str, ends: str
) -> dict[str, str]:
    """`parent` with what a prompt and scripts may want to know, and nothing of an outer session."""
    said = {_SESSION: session_id, _RESOURCE: resource, _ENDS: ends}
    kept = {name: value for name, value in parent.items() if name not in said}
    return kept | {name: clean(value) for name, value in said.items() if value}


def restore(environ: MutableMapping[str, str], profile: str | None) -> None:
    """Inside such a child: gives this very process the person's own set-up back. `profile` is what
    was asked for. Raises Failure where nobody could say who the person is.
    """
    if _OWN + _CONFIG not in environ:
        return
    chosen = profile or _first(environ, (*_PROFILES, _KEYS[0]))
    name = environ.get(_OWN + _PROFILE, "")
    if not chosen and not name:
        message = (
            "inside `pam exec` the credentials are the session's, which PAM takes for nobody's; "
            "yours are of no profile and were not handed on: give --profile NAME, or run this "
            "outside of it"
        )
        raise Failure(message)
    if not chosen:
        environ[_PROFILE] = name
    for each in (URI, TOKEN, *_REGIONS, "BOTO_CONFIG"):
        environ.pop(each, None)
    for each in (_CONFIG, _CREDENTIALS, _REGION):
        if own := environ.pop(_OWN + each, ""):
            environ[each] = own


@contextmanager
def _files(region: str) -> Iterator[tuple[str, str]]:
    """Two files for the user alone: a config with the region, and one with nothing."""
    try:
        folder = Path(tempfile.mkdtemp(prefix="pam-"))
    except OSError as error:
        message = f"no temporary folder for the command's AWS files: {one_line(error)}"
        raise Failure(message) from error
    try:
        config, nothing = folder / "config", folder / "credentials"
        named = _REGION_NAME.fullmatch(region)
        _write(config, f"[default]\nregion = {region}\n" if named else "")
        _write(nothing, "")
        yield str(config), str(nothing)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write(path: Path, text: str) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        message = f"the command's AWS files cannot be written: {one_line(error)}"
        raise Failure(message) from error


def _first(environ: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((environ[name] for name in names if environ.get(name)), "")


def _at_home(name: str) -> str:
    # As botocore does it; it leaves a ~ that nobody can resolve.
    return os.path.expanduser(f"~/.aws/{name}")  # noqa: PTH111
