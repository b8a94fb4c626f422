"""Which hosts PAM takes for Okta, so that no setting leads its tokens elsewhere."""

import re
from urllib.parse import urlsplit

_DOMAINS = ("okta.com", "oktapreview.com", "okta-emea.com", "okta-gov.com", "okta.mil")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def fault_of(organisation: str) -> str | None:
    """Why this is no host of an organisation at Okta; None if it is one. Names of an organisation's
    own (a custom domain) are none, and neither is the host of Okta's admin console.
    """
    label, _, domain = organisation.partition(".")
    if domain not in _DOMAINS:
        return f"not the name of an organisation at one of {', '.join(_DOMAINS)}"
    if _LABEL.fullmatch(label) is None:
        return "not one label, of lower case letters, digits and hyphens, before Okta's domain"
    if "-admin" in label:
        return "the host of the admin console; the organisation's own has no -admin"
    return None


def base_url(organisation: str, api_url: str = "") -> str:
    """Without a slash at its end. `api_url` takes the place of the organisation's host, and must
    lead back to this machine. Raises ValueError.
    """
    if fault := fault_of(organisation):
        message = f"{organisation[:100]!r}: {fault}"
        raise ValueError(message)
    if not api_url:
        return f"https://{organisation}"
    parts = urlsplit(api_url)
    if parts.scheme not in {"http", "https"} or parts.hostname not in _LOOPBACK:
        message = "Okta's place may be taken by a loopback address alone"
        raise ValueError(message)
    if parts.query or parts.fragment or parts.username is not None:
        message = "the address in Okta's place has neither query nor user"
        raise ValueError(message)
    return api_url.rstrip("/")
