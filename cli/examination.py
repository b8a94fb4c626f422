"""What `pam doctor` looks at, in the order in which one thing needs the other.

Each look gives one finding and raises nothing: what cannot be looked at because of something before
it is unknown, and not wrong.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import typer

from cli import aws, circle, config_file, endpoint, profiles
from cli.api import Api
from cli.holder import asking
from cli.holder.transport import NoPlaceError
from cli.invocation import Invocation
from cli.problems import ApiProblem, Failure, one_line
from cli.text import clean
from cli.version import version


class State(StrEnum):
    OK = "ok"
    WRONG = "wrong"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    about: str
    state: State
    detail: str
    remedy: str = ""


@dataclass(slots=True, kw_only=True)
class Examination:
    invocation: Invocation
    _session: Any = None
    _who: str = ""
    _date: str | None = None
    _where: endpoint.Endpoint | None = None
    _api: Api | None = None
    _me: dict[str, Any] = field(default_factory=dict)

    def findings(self) -> Iterator[Finding]:
        looks: dict[str, Callable[[], Finding]] = {
            "lease in use": self._lease_in_use,
            "profiles": self._profiles,
            "credentials": self._credentials,
            "clock": self._clock,
            "address": self._address,
            "API": self._api_answers,
            "rights": self._rights,
            "version": self._version,
            "lease holder": self._holder,
        }
        for about, look in looks.items():
            try:
                yield look()
            except (Failure, typer.BadParameter) as failure:
                yield _wrong(about, one_line(failure))

    def _lease_in_use(self) -> Finding:
        about, session_id = "lease in use", os.environ.get("PAM_SESSION_ID")
        if not session_id:
            return _ok(about, "none: this is no `pam exec`")
        detail = f"this is inside session {clean(session_id)}"
        handed_over = ("AWS_ACCESS_KEY_ID", "AWS_CONTAINER_CREDENTIALS_FULL_URI")
        named = self.invocation.profile or os.environ.get("PAM_AWS_PROFILE")
        if named or not any(os.environ.get(name) for name in handed_over):
            return _ok(about, detail)
        remedy = "name your own profile with --profile: the lease's credentials cannot call PAM"
        return _wrong(about, detail, remedy)

    def _profiles(self) -> Finding:
        known = config_file.read(config_file.place())["profiles"]
        for name in sorted(known):
            if around := profiles.circle_from(name, known):
                way = " -> ".join([*around, around[0]])
                remedy = "give --profile with one of your own in its credential_process"
                return _wrong("profiles", f"circle: {clean(way)}", remedy)
        ours = sorted(name for name in known if profiles.resource_of(known[name]))
        by_pam = clean(", ".join(ours)) or "none"
        return _ok("profiles", f"{len(known)}, by pam configure: {by_pam}")

    def _credentials(self) -> Finding:
        self._session = self.invocation.aws_session()
        aws.credentials_of(self._session, self.invocation.profile)
        region = aws.region_of(self._session, self.invocation.region)
        with aws.explained(self.invocation.profile):
            answer = _client(self._session, "sts", region).get_caller_identity()
        self._who = str(answer["Arn"])
        self._date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
        chosen = circle.chosen(self.invocation.profile)
        return _ok("credentials", f"{clean(self._who)} (profile {clean(chosen)}, {clean(region)})")

    def _clock(self) -> Finding:
        skew = aws.clock_skew(self._date)
        if skew is None:
            return _unknown("clock", "no answer with a time")
        if abs(skew) > aws.SKEW_ALLOWED:
            return _wrong("clock", f"{skew.total_seconds():+.0f} s beside AWS's", "set it right")
        return _ok("clock", f"{skew.total_seconds():+.0f} s beside AWS's")

    def _address(self) -> Finding:
        if not self._who:
            return _unknown("address", "needs credentials")
        self._where = self.invocation.endpoint(self._session)
        return _ok("address", f"{clean(self._where.url)} ({clean(self._where.region)})")

    def _api_answers(self) -> Finding:
        if self._where is None:
            return _unknown("API", "its address is not known")
        self._api = Api(self._where, session=self._session, profile=self.invocation.profile)
        try:
            self._me = self._api.get("/pam/me")
        except ApiProblem as problem:
            remedy = "ask those who keep PAM's identities, or whoever gives the right to call it"
            return _wrong("API", one_line(problem), remedy)
        groups = ", ".join(map(str, self._me.get("groups") or [])) or "no group"
        return _ok("API", clean(f"you are {self._me.get('person')} ({groups})"))

    def _rights(self) -> Finding:
        if self._api is None or not self._me:
            return _unknown("rights", "the API did not say who you are")
        items = self._api.get("/pam/resources").get("items") or []
        detail = f"{len(items)} resources to ask for"
        if not items and not self._me.get("groups"):
            return _wrong("rights", detail, "ask those who keep PAM's identities for a group")
        return _ok("rights", detail)

    def _version(self) -> Finding:
        own = version()
        theirs = self._me.get("version")
        if not isinstance(theirs, str):
            return _ok("version", f"pam {own}; the API does not tell its own")
        return _ok("version", f"pam {own}, API {clean(theirs)}")

    def _holder(self) -> Finding:
        about = "lease holder"
        if os.environ.get(asking.SWITCH) == "off":
            return _ok(about, f"switched off ({asking.SWITCH})")
        if not asking.can_be():
            return _ok(about, "none on this system: each lease is a new one")
        try:
            status = asking.status()
        except NoPlaceError as error:
            return _wrong(about, one_line(error), "until then each lease is a new one")
        if not status:
            return _ok(about, "does not run; it starts with the first lease of a profile")
        return _ok(about, f"holds {status.get('held')} (process {status.get('pid')})")


def _client(session: Any, service: str, region: str) -> Any:
    from botocore.config import Config

    retries = {"total_max_attempts": 2, "mode": "standard"}
    config = Config(connect_timeout=5, read_timeout=10, retries=retries)
    return session.create_client(service, region_name=region, config=config)


def _ok(about: str, detail: str) -> Finding:
    return Finding(about=about, state=State.OK, detail=detail)


def _unknown(about: str, detail: str) -> Finding:
    return Finding(about=about, state=State.UNKNOWN, detail=detail)


def _wrong(about: str, detail: str, remedy: str = "") -> Finding:
    return Finding(about=about, state=State.WRONG, detail=detail, remedy=remedy)
