"""The address by which a browser signs in to AWS's console with a lease, for fifteen minutes.

AWS makes the address of a sign-in token, which it gives for credentials. The token's console
session lasts as long as these: a length of one's own (`SessionDuration`) is refused for roles that
were assumed by a role, as PAM's are.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from cli import aws
from cli.lease import AwsLease
from cli.problems import Failure

HOSTS: Mapping[str, tuple[str, str]] = {
    "aws": ("signin.aws.amazon.com", "console.aws.amazon.com"),
    "aws-cn": ("signin.amazonaws.cn", "console.amazonaws.cn"),
    "aws-eusc": ("{region}.signin.amazonaws-eusc.eu", "console.amazonaws-eusc.eu"),
    "aws-us-gov": ("signin.amazonaws-us-gov.com", "console.amazonaws-us-gov.com"),
}
"""By partition: where a lease is sent for a token, and where the browser goes with that. A lease
goes to no other host, whatever a setting, an answer or a redirection says.
"""
_TIMEOUT = 10
_ISSUER = "pam"


def address(lease: AwsLease, session: Any) -> str:
    """Asks AWS for a token. `session` is botocore's. Raises Failure; it never has the lease in it,
    nor what AWS answered.
    """
    signin, console = hosts(lease.region, session)
    token = _token(lease, f"https://{signin}/federation", session)
    there = f"https://{console}/console/home?{urlencode({'region': lease.region})}"
    query = {"Action": "login", "Issuer": _ISSUER, "Destination": there, "SigninToken": token}
    return f"https://{signin}/federation?{urlencode(query, quote_via=quote)}"


def hosts(region: str, session: Any) -> tuple[str, str]:
    """Raises Failure for a partition whose console is not known here."""
    with aws.explained():
        partition = session.get_partition_for_region(region)
    if partition not in HOSTS:
        message = f"pam does not know where the console of the partition {partition} is"
        raise Failure(message)
    signin, console = HOSTS[partition]
    return signin.format(region=region), console


def _token(lease: AwsLease, url: str, session: Any) -> str:
    from botocore.awsrequest import AWSRequest
    from botocore.httpsession import URLLib3Session
    from botocore.utils import get_environ_proxies

    credentials = {
        "sessionId": lease.access_key_id,
        "sessionKey": lease.secret_access_key,
        "sessionToken": lease.session_token,
    }
    # In the body: what is in an address is kept in logs of those in between.
    body = urlencode({"Action": "getSigninToken", "Session": json.dumps(credentials)})
    request = AWSRequest(
        method="POST",
        url=url,
        data=body.encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "pam-cli"},
    )
    with aws.explained():
        http = URLLib3Session(
            timeout=(_TIMEOUT, _TIMEOUT),
            verify=session.get_config_variable("ca_bundle") or True,
            proxies=get_environ_proxies(url),
        )
        # It follows no redirection.
        answer = http.send(request.prepare())
    try:
        document = json.loads(answer.content)
    except ValueError:
        document = None
    token = document.get("SigninToken") if isinstance(document, dict) else None
    if answer.status_code != 200 or not isinstance(token, str) or not token:  # noqa: PLR2004
        message = f"AWS gave no sign-in token (HTTP {answer.status_code}); is the session over?"
        raise Failure(message)
    return token
