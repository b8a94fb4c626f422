"""The caller's ordinary AWS credentials and region, and what to do when AWS says no.

botocore is imported inside the functions: `pam --help` must not wait for it.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from email.utils import parsedate_to_datetime
from os import environ
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cli import circle
from cli.child_environment import restore
from cli.problems import Failure, Unreachable, one_line

SKEW_ALLOWED = timedelta(minutes=4)
"""AWS refuses signatures more than 5 minutes off; from here on the clock is worth a mention."""

_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
_UNKNOWN = {"UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId"}
_UNSIGNED = {"InvalidSignatureException", "SignatureDoesNotMatch", "RequestTimeTooSkewed"}
_LOOPBACK = re.compile(
    r"https?://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?([/?#].*)?", re.ASCII
)


def open_session(profile: str | None) -> Any:
    """A botocore session of the caller's own. Raises Failure if the profile does not exist, the
    files are broken, its credentials would come from this very command, or inside `pam exec` if
    nobody could say who the caller is.
    """
    restore(environ, profile)
    with explained(profile):
        import botocore.session

        session = botocore.session.Session(profile=profile)
        session.get_scoped_config()
    circle.check(session, profile)
    return session


def credentials_of(session: Any, profile: str | None) -> Any:
    """The caller's credentials, not yet frozen. Raises Failure if there are none."""
    with explained(profile):
        credentials = session.get_credentials()
    if credentials is None:
        message = (
            "no AWS credentials found; sign in (for example `aws sso login`), "
            "or choose a profile with --profile or AWS_PROFILE"
        )
        raise Failure(message)
    return credentials


def region_of(session: Any, region: str | None) -> str:
    """`--region`, else AWS_REGION, else AWS_DEFAULT_REGION, else the profile's region."""
    found = region or environ.get("AWS_REGION") or session.get_config_variable("region")
    if not found:
        message = "no AWS region; give --region, or set AWS_REGION or the profile's region"
        raise Failure(message)
    return str(found)


def is_loopback(url: str) -> bool:
    """Whether every reader of `url` goes to this very machine. Written out, because readers of
    URLs differ on where a host ends (user names, backslashes).
    """
    return _LOOPBACK.fullmatch(url) is not None


def dns_suffix(session: Any, region: str) -> str:
    """What the names of AWS's services end with in the region's partition: `amazonaws.com`.
    Raises Failure for a region that botocore can place nowhere.
    """
    with explained():
        name = session.get_partition_for_region(region)
        (partition,) = (p for p in session.get_data("partitions")["partitions"] if p["id"] == name)
        return str(partition["outputs"]["dnsSuffix"])


@contextmanager
def explained(profile: str | None = None) -> Iterator[None]:
    """Turns what botocore raises into a Failure that says what to do."""
    from botocore import exceptions

    try:
        with circle.told(profile):
            yield
    except exceptions.ClientError as error:
        raise Failure(_answer_line(error, profile)) from error
    except exceptions.ProfileNotFound as error:
        message = f"{one_line(error)}; {_other_profiles(profile)}"
        raise Failure(message) from error
    except (exceptions.SSOError, exceptions.TokenRetrievalError) as error:
        message = f"{one_line(error)}; {_sign_in(profile)}"
        raise Failure(message) from error
    except (exceptions.PartialCredentialsError, exceptions.CredentialRetrievalError) as error:
        # A profile's own process says itself what to do.
        by_process = error.kwargs.get("provider") == "custom-process"
        advice = "" if by_process else f"; {_sign_in(profile)}"
        message = f"the AWS credentials cannot be used: {one_line(error)}{advice}"
        raise Failure(message) from error
    except exceptions.EndpointConnectionError as error:
        raise Unreachable(_unreachable_line(error)) from error
    except exceptions.ConnectTimeoutError as error:
        raise Unreachable(_unreachable_line(error)) from error
    except (exceptions.ReadTimeoutError, exceptions.ConnectionClosedError) as error:
        raise Failure(one_line(error), transient=True) from error
    except (exceptions.BotoCoreError, exceptions.HTTPClientError, ValueError) as error:
        message = f"AWS cannot be used as it is set up here: {one_line(error)}"
        raise Failure(message) from error


def advice_for(error_type: str, *, date: str | None, profile: str | None) -> str:
    """What to do about an AWS error type (`ExpiredTokenException`); empty if there is no advice.

    `date` is the answer's Date header: a bad signature is most often a wrong clock.
    """
    if error_type in _EXPIRED:
        return f"the credentials have expired: {_sign_in(profile)}"
    if error_type in _UNKNOWN:
        return f"AWS does not know these credentials: {_sign_in(profile)}"
    if error_type in _UNSIGNED:
        skew = clock_skew(date)
        if skew and abs(skew) > SKEW_ALLOWED:
            return f"this machine's clock is {_minutes(skew)}; set it right"
        return "the secret key does not fit the access key, or this machine's clock is wrong"
    return ""


def clock_skew(date: str | None) -> timedelta | None:
    """How far this machine's clock is ahead of a Date header; None if that cannot be said."""
    try:
        there = parsedate_to_datetime(date) if date else None
    except ValueError:
        return None
    if there is None or there.tzinfo is None:
        return None
    return datetime.now(UTC) - there


def _answer_line(error: Any, profile: str | None) -> str:
    """The line for an AWS service that answered with an error."""
    answer: Mapping[str, Any] = error.response
    problem = answer.get("Error", {})
    code, detail = str(problem.get("Code", "")), str(problem.get("Message", ""))
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    advice = advice_for(code, date=headers.get("date"), profile=profile)
    return f"{error.operation_name} was refused: {code}: {detail}" + (
        f"; {advice}" if advice else ""
    )


def _unreachable_line(error: Any) -> str:
    url = str(error.kwargs.get("endpoint_url", ""))
    host = urlsplit(url).netloc or url
    if is_loopback(url):
        return f"nothing answers at {host}; start the local stack with `pam local up`"
    return f"cannot reach {host}; check --env, --region, --api-url and the network"


def _sign_in(profile: str | None) -> str:
    chosen = f" --profile {profile}" if profile else ""
    return f"sign in again (for example `aws sso login{chosen}`)"


def _other_profiles(profile: str | None) -> str:
    """A stack of this machine that was stopped has taken the file with its profiles along."""
    import botocore.session

    file = environ.get("AWS_CONFIG_FILE", "")
    if file and not Path(file).expanduser().exists():
        return f"AWS_CONFIG_FILE names {file}, which is not there (is the local stack down?)"
    known = botocore.session.Session(profile=None).available_profiles
    if near := get_close_matches(circle.chosen(profile), known, n=2, cutoff=0.7):
        return f"did you mean {' or '.join(sorted(near))}?"
    return "`aws configure list-profiles` names those there are"


def _minutes(skew: timedelta) -> str:
    minutes = round(abs(skew).total_seconds() / 60)
    return f"{minutes} minutes {'ahead' if skew > timedelta(0) else 'behind'}"
