"""What every command is given: who calls, which environment, and how to print.

The common options (`--json`, `--profile`, `--env`, `--region`, `--api-url`) may stand before or
after the command's name.
"""

import inspect
import json
import os
import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, Concatenate

import typer

from cli import next_command
from cli.completion import OFFERS
from cli.problems import ApiProblem
from cli.wording import Typed, reword

if TYPE_CHECKING:
    from cli.api import Api
    from cli.endpoint import Endpoint
    from cli.trail.stores import Stores

_META_KEY = "cli.invocation"
_wants_json: ContextVar[bool] = ContextVar("wants_json", default=False)
_printed: ContextVar[bool] = ContextVar("printed", default=False)
_ENV_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}", re.ASCII)

Json = Annotated[
    bool, typer.Option("--json", help="Print the API's object, and nothing else, on stdout.")
]
Profile = Annotated[
    str | None, typer.Option("--profile", metavar="NAME", help="AWS profile to sign with.")
]
Env = Annotated[
    str | None,
    typer.Option("--env", metavar="ENV", help="Environment of PAM, e.g. prod [default: $PAM_ENV]."),
]
Region = Annotated[
    str | None, typer.Option("--region", metavar="REGION", help="AWS region that PAM lives in.")
]
Version = Annotated[
    bool,
    typer.Option(
        "--version",
        help="Print which pam this is.",
        is_eager=True,
        callback=lambda wanted: _print_version() if wanted else None,
    ),
]
ApiUrl = Annotated[
    str | None,
    typer.Option(
        "--api-url",
        metavar="URL",
        help="The request API itself; SSM is then not asked [default: $PAM_API_URL].",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    json: bool = False
    profile: str | None = None
    env: str | None = None
    region: str | None = None
    api_url: str | None = None

    def api(self) -> "Api":
        """The request API as this caller. Wrong usage (exit 2) if the environment is not said."""
        from cli.api import Api

        if self._api_url() is None:
            # Wrong usage is told before anything is looked up.
            self._environment()
        session = self.aws_session()
        return Api(self.endpoint(session), session=session, profile=self.profile)

    def endpoint(self, session: Any) -> "Endpoint":
        """Where the request API is; `session` is botocore's."""
        from cli import aws, endpoint

        url = self._api_url()
        if url is not None:
            return endpoint.given(url, session, region=aws.region_of(session, self.region))
        env = self._environment()
        return endpoint.discover(session, env=env, region=self.region, profile=self.profile)

    def aws_session(self) -> Any:
        from cli import aws

        return aws.open_session(self.profile)

    def stores(self) -> "Stores":
        """Where the trail is kept, read as this caller."""
        from cli.trail.stores import Stores

        return Stores(
            session=self.aws_session(),
            env=self._environment(),
            region=self.region,
            profile=self.profile,
        )

    def is_repeated(self) -> None:
        """In the commands that are printed as what comes next."""
        where = {"--env": self.env, "--region": self.region, "--api-url": self.api_url}
        next_command.remember(profile=self.profile, where=where)

    def emit(self, document: Mapping[str, Any], human: Callable[[], None]) -> None:
        """The API's object with --json, else what a person reads."""
        if self.json:
            print_json(document)
        else:
            human()

    def _api_url(self) -> str | None:
        return os.environ.get("PAM_API_URL") or None if self.api_url is None else self.api_url

    def _environment(self) -> str:
        env = self.env or os.environ.get("PAM_ENV")
        if not env:
            message = "which PAM? give --env (for example --env prod), or set PAM_ENV"
            raise typer.BadParameter(message, param_hint="--env")
        if not _ENV_NAME.fullmatch(env):
            message = f"{env!r} names none: lower-case letters, digits and hyphens, as in prod-2"
            raise typer.BadParameter(message, param_hint="--env")
        return env


def start(*, json: bool) -> None:
    """Before a command runs: whether stdout is to hold a document, and nothing else."""
    _wants_json.set(json)
    _printed.set(False)


def wants_json() -> bool:
    return _wants_json.get()


def print_failure(document: Mapping[str, Any]) -> None:
    """With --json: the problem, unless a document stands on stdout already."""
    if wants_json() and not _printed.get():
        print_json(document)


def printing() -> None:
    """Stdout has its document from here on, whoever writes it: no second one may follow."""
    _printed.set(True)


def print_json(document: Mapping[str, Any]) -> None:
    """ASCII only: what people wrote cannot reach the terminal as control characters."""
    printing()
    typer.echo(json.dumps(document, indent=2, ensure_ascii=True))


def root(
    ctx: typer.Context,
    *,
    as_json: Json = False,
    profile: Profile = None,
    env: Env = None,
    region: Region = None,
    api_url: ApiUrl = None,
    version: Version = False,  # noqa: ARG001 (its callback does it all)
) -> None:
    """Borrow privileged access: ask, have it approved, use it, and it ends by the clock."""
    ctx.meta[_META_KEY] = Invocation(
        json=as_json, profile=profile, env=env, region=region, api_url=api_url
    )


def command(function: Callable[Concatenate[Invocation, ...], None]) -> Callable[..., None]:
    """Gives a command the common options; its first parameter receives the Invocation."""

    @wraps(function)
    def run(
        *,
        ctx: typer.Context,
        as_json: bool,
        profile: str | None,
        env: str | None,
        region: str | None,
        api_url: str | None,
        **arguments: Any,
    ) -> None:
        before: Invocation = ctx.meta[_META_KEY]
        invocation = replace(
            before,
            json=as_json or before.json,
            profile=profile or before.profile,
            env=env or before.env,
            region=region or before.region,
            api_url=before.api_url if api_url is None else api_url,
        )
        ctx.meta[_META_KEY] = invocation
        invocation.is_repeated()
        try:
            function(invocation, **arguments)
        except ApiProblem as problem:
            reword(problem, _typed(ctx, arguments), invocation.api)
            raise

    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    common = [
        each
        for each in inspect.signature(root, eval_str=True).parameters.values()
        if each.name != "version"
    ]
    for each in (*own, *common):
        for about in getattr(each.annotation, "__metadata__", ()):
            about.autocompletion = OFFERS.get(each.name, about.autocompletion)
    parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in (*own, *common)]
    # Typer builds the options from these two; `wraps` alone would show it the inner function.
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in parameters}
    return run


def _print_version() -> None:
    from cli.version import version

    if wants_json():
        print_json({"version": version()})
    else:
        typer.echo(f"pam {version()}")
    raise typer.Exit


def _typed(ctx: Any, arguments: Mapping[str, Any]) -> dict[str, Typed]:
    """What was typed, by parameter: `length` is `--for`."""
    return {
        each.name: Typed(
            each.opts[0] if each.param_type_name == "option" else each.metavar or each.name.upper(),
            arguments[each.name],
        )
        for each in ctx.command.params
        if each.name in arguments
    }
