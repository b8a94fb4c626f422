"""`identity_center` and `okta` in cdk.json: whether PAM lends there, and how it is known there."""

import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, NoReturn, Self
from urllib.parse import urlsplit

_ROLE = re.compile(r"arn:aws(?:-[a-z]+)*:iam::[0-9]{12}:role/[\w+=,.@/-]{1,576}", re.ASCII)
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-[0-9]", re.ASCII)
_APP = re.compile(r"[0-9A-Za-z]{20}", re.ASCII)
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_PERSON = "{person}"


class _Section:
    """What both have in common: the fields of the dataclass are the keys of the section."""

    __slots__ = ()

    @classmethod
    def of(cls, entries: object) -> Self:
        """Raises ValueError, which names the key."""
        if not isinstance(entries, Mapping):
            message = f"must be an object, not {entries!r}"
            raise ValueError(message)  # noqa: TRY004 - a fault of a file, told like the others
        known = {each.name: each for each in fields(cls)}  # type: ignore[arg-type]
        if unknown := sorted(set(entries) - set(known)):
            message = f"unknown key {unknown[0]!r} (known: {', '.join(known)})"
            raise ValueError(message)
        for name, each in known.items():
            if each.default is MISSING and name not in entries:
                _refuse(name, "is missing")
        for name, value in entries.items():
            if type(value) is not str:
                _refuse(name, f"must be a str, not {value!r}: write it in quotes")
        values: dict[str, Any] = dict(entries)
        return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityCenterConfig(_Section):
    """`region` is that of the instance; empty: PAM's own. The roles are those in which PAM makes
    and takes access, in the account that administers the instance; empty: PAM's functions have
    these rights themselves. `user_name` is how a person is called there, over `{person}`.
    `endpoint_url` is AWS's own, unless the deployment is that of the local stack.
    """

    region: str = ""
    issuer_role: str = ""
    revoker_role: str = ""
    user_name: str = _PERSON
    endpoint_url: str = ""

    def __post_init__(self) -> None:
        if self.region and not _REGION.fullmatch(self.region):
            _refuse("region", f"must be a region, as in eu-west-1, not {self.region!r}")
        for name in ("issuer_role", "revoker_role"):
            value = getattr(self, name)
            if value and not _ROLE.fullmatch(value):
                _refuse(name, f"must be the ARN of a role, not {value!r}")
        if bool(self.issuer_role) != bool(self.revoker_role):
            _refuse("issuer_role", "and revoker_role go together")
        if self.issuer_role and self.issuer_role == self.revoker_role:
            _refuse("revoker_role", "must be another role than issuer_role")
        _check_template("user_name", self.user_name)
        _check_loopback("endpoint_url", self.endpoint_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class OktaConfig(_Section):
    """The ids of the two apps that PAM is at Okta: one puts people into groups, the other takes
    them out. `login` is how a person signs in there, over `{person}`. `api_url` is that of each
    organisation, unless the deployment is that of the local stack.
    """

    issuer_client_id: str
    revoker_client_id: str
    login: str = _PERSON
    api_url: str = ""

    def __post_init__(self) -> None:
        for name in ("issuer_client_id", "revoker_client_id"):
            value = getattr(self, name)
            if not _APP.fullmatch(value):
                _refuse(name, f"must be the client id of an app, 20 letters and digits: {value!r}")
        if self.issuer_client_id == self.revoker_client_id:
            _refuse("revoker_client_id", "must be another app than issuer_client_id")
        _check_template("login", self.login)
        _check_loopback("api_url", self.api_url)


def _check_template(name: str, template: str) -> None:
    around = template.replace(_PERSON, "", 1)
    if _PERSON not in template or {"{", "}"} & set(around) or not around.isprintable():
        _refuse(
            name, f'must have {_PERSON} in it once, as in "{_PERSON}@bank.example": {template!r}'
        )


def _check_loopback(name: str, url: str) -> None:
    if not url:
        return
    try:
        parts = urlsplit(url)
        port, whole = parts.port, f"http://{parts.netloc}{parts.path}"
    except ValueError:
        _refuse(name, f"is no address: {url!r}")
    if parts.hostname not in _LOOPBACK or port is None or "@" in url or url != whole:
        _refuse(name, f"is for the local stack alone, http://127.0.0.1:PORT/, and not {url!r}")


def _refuse(name: str, why: str) -> NoReturn:
    message = f"{name} {why}"
    raise ValueError(message)
