"""`pam local slack ...`: the Slack beside the local stack, at a terminal, as each of its people.

Whoever has a stack of their own running may act as everybody in it; that is what it is for.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.commands.local_stack import StateDir, folder_of, imported
from cli.invocation import Invocation, command
from cli.problems import Failure, one_line
from cli.text import clean

As = Annotated[str, typer.Option("--as", metavar="PERSON", help="Who does it: alice, bob, ...")]
Via = Annotated[
    str, typer.Option("--via", metavar="WAY", help="socket or http [default: what is set there].")
]
Place = Annotated[
    str, typer.Argument(metavar="PLACE", help="A channel, or @PERSON: what is said to them alone.")
]
Number = Annotated[
    str, typer.Argument(metavar="NUMBER", help="As `show` has it: 2.1 is message 2, button 1.")
]
Value = Annotated[
    str | None, typer.Option("--value", metavar="VALUE", help="What is chosen, from a menu.")
]


@command
def channels(invocation: Invocation, state_dir: StateDir = None) -> None:
    """List the channels, and the direct messages."""
    with _terminal(state_dir) as (terminal, text):
        found = terminal.channels()
        invocation.emit({"channels": found}, lambda: _print(text.channels_as_text(found)))


@command
def show(invocation: Invocation, place: Place, state_dir: StateDir = None) -> None:
    """Show a channel's cards and threads, or what was said to one person, buttons numbered."""
    with _terminal(state_dir) as (terminal, text):
        found = terminal.messages(place)
        document = {"messages": [_as_json(message) for message in found]}
        lines = text.messages_as_text(found) if found else ["nothing was said here yet"]
        invocation.emit(document, lambda: _print(lines))


@command
def click(
    invocation: Invocation,
    place: Place,
    number: Number,
    *,
    who: As,
    value: Value = None,
    via: Via = "",
    state_dir: StateDir = None,
) -> None:
    """Press a button of a message."""
    _act(invocation, state_dir, lambda it: it.click(who, place, number, value, via))


@command
def press(
    invocation: Invocation,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="As `form` or `home` has it.")],
    *,
    who: As,
    value: Value = None,
    via: Via = "",
    state_dir: StateDir = None,
) -> None:
    """Press a button of the form, or of the Home, that the person has before them."""
    _act(invocation, state_dir, lambda it: it.press(who, number, value, via))


@command
def type_(
    invocation: Invocation,
    text: Annotated[str, typer.Argument(metavar="COMMAND", help="In quotes: '/jit mine'.")],
    *,
    who: As,
    channel: Annotated[
        str, typer.Option("--in", metavar="CHANNEL", help="Where [default: directly to PAM].")
    ] = "",
    via: Via = "",
    state_dir: StateDir = None,
) -> None:
    """Type a command."""
    _act(invocation, state_dir, lambda it: it.command(who, text, channel, via))


@command
def submit(
    invocation: Invocation,
    values: Annotated[
        list[str] | None, typer.Argument(metavar="NAME=VALUE...", help="As `form` names them.")
    ] = None,
    *,
    who: As,
    via: Via = "",
    state_dir: StateDir = None,
) -> None:
    """Fill in the form that is open, and send it off."""
    entered: dict[str, Any] = {}
    for each in values or []:
        name, equals, value = each.partition("=")
        if not equals:
            message = f"{each!r}: write NAME=VALUE"
            raise typer.BadParameter(message)
        entered[name] = value
    _act(invocation, state_dir, lambda it: it.submit(who, entered, via))


@command
def home(invocation: Invocation, *, who: As, state_dir: StateDir = None) -> None:
    """Open a person's Home."""
    with _terminal(state_dir) as (terminal, text):
        _emit_view(invocation, text, terminal.home(who), f"{who} sees no Home yet")


@command
def form(invocation: Invocation, *, who: As, state_dir: StateDir = None) -> None:
    """Show what a person has before them: the form that is open, else the Home."""
    with _terminal(state_dir) as (terminal, text):
        _emit_view(invocation, text, terminal.view(who), f"{who} has nothing open")


@command
def react(
    invocation: Invocation,
    place: Place,
    number: Number,
    reaction: Annotated[str, typer.Argument(metavar="REACTION", help="white_check_mark, x, ...")],
    *,
    who: As,
    state_dir: StateDir = None,
) -> None:
    """Add a reaction to a message."""
    _act(invocation, state_dir, lambda it: it.react(who, place, number, reaction))


@contextmanager
def _terminal(state_dir: Path | None) -> Iterator[tuple[Any, Any]]:
    """The running stack's Slack, and the module that writes it as text. Raises Failure."""
    folder = folder_of(state_dir)
    text, control = imported("local.slack.terminal"), imported("local.slack.control")
    beside, state = imported("local.slack_beside"), imported("local.state").State(folder)
    about = state.read_about()
    if about is None:
        message = "the local stack is down; start it with `pam local up`"
        raise Failure(message)
    slack = about.get("services", {}).get("slack", {})
    if "control_url" not in slack:
        message = (
            f"the Slack at {clean(str(slack.get('url') or '?'))} is not PAM's own: "
            "pam local slack can neither look into it nor act in it; use its own means, or start "
            f"the stack anew without {beside.VARIABLE}"
        )
        raise Failure(message)
    try:
        yield text.Terminal(beside.control_of(state)), text
    except (OSError, beside.SlackError, control.ControlError) as error:
        message = f"pam local slack: {one_line(error)}"
        raise Failure(message) from error


def _act(invocation: Invocation, state_dir: Path | None, does: Callable[[Any], Any]) -> None:
    """What Slack did not take from the app is a failure, once it is shown."""
    with _terminal(state_dir) as (terminal, text):
        after = does(terminal)
        invocation.emit(after.as_json(), lambda: _print(text.after_as_text(after)))
    if not after.seen.acknowledged:
        message = "the app did not acknowledge it"
        raise Failure(message)


def _emit_view(invocation: Invocation, text: Any, view: Any, otherwise: str) -> None:
    lines = text.view_as_text(view) if view else [otherwise]
    invocation.emit({"view": view}, lambda: _print(lines))


def _as_json(message: Any) -> dict[str, Any]:
    names = ("channel", "ts", "thread_ts", "text", "buttons", "reactions", "edited")
    return {name: getattr(message, name) for name in names}


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(clean(line))
