"""`pam console`: AWS's console in a browser, with a session's access and no more."""

from typing import Annotated, Any

import typer

from cli import aws, browser, clock, render, which
from cli import console as consoles
from cli.arguments import OwnSession, Yes
from cli.invocation import Invocation, command, print_json
from cli.lease import AwsLease, SignIn, parse, take
from cli.next_command import yours
from cli.problems import Failure


@command
def console(
    invocation: Invocation,
    session_id: OwnSession = None,
    *,
    print_: Annotated[
        bool, typer.Option("--print", help="Print the address; whoever has it is signed in.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Open the AWS console with a session's access.

    The address is good for 15 minutes, and for whoever has it. What it opens ends with its lease,
    after 30 minutes at most, like all else of the session.
    """
    api = invocation.api()
    session_id = which.own(api, session_id, which.CONSOLE, yes=yes).session_id
    lease = parse(take(api, session_id))
    if isinstance(lease, SignIn):
        _show(invocation, _plain(lease), lease.expires_at, print_=print_)
    elif isinstance(lease, AwsLease) and aws.is_loopback(api.url):
        message = "the local stack has no console; `pam exec` and `pam configure` use the access"
        raise Failure(message)
    elif isinstance(lease, AwsLease):
        address = consoles.address(lease, invocation.aws_session())
        _show(invocation, address, lease.expires_at, print_=print_)
    else:
        use = yours(f"exec {session_id} -- psql")
        message = f"this lease is a database login: it has no console; use `{use}`"
        raise Failure(message)


def _plain(lease: SignIn) -> str:
    safe = lease.url.startswith("https://") or aws.is_loopback(lease.url)
    if not safe or not lease.url.isprintable() or " " in lease.url:
        message = f"there is no address to open: {lease.said()}"
        raise Failure(message)
    return lease.url


def _show(invocation: Invocation, address: str, ends: str, *, print_: bool) -> None:
    document: dict[str, Any] = {"url": address, "expires_at": ends}
    if invocation.json:
        print_json(document)
    elif print_:
        typer.echo(address)
    else:
        browser.open_secretly(address)
        until = clock.parse(ends)
        when = f", until {clock.both(until, now=clock.now())}" if until else ""
        render.put(f"opened in the browser{when}")
