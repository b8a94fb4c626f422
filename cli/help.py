"""Help that shows whole sentences, in groups, with examples, and no more than that.

Typer's own groups come with Rich, which would double the time until help is on the screen.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup

from cli import usage
from cli.examples import EXAMPLES
from cli.lazy import Below, Commands, Loading, Named

COMMON = ("as_json", "profile", "env", "region", "api_url")
"""The options that every command has, by their names in Python; help shows them last."""


class Command(TyperCommand):
    """A command whose help has `ID` where typer writes `{ID}` and `<str>`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        with usage.of(ctx):
            rest = super().parse_args(ctx, args)
            if not ctx.resilient_parsing:
                usage.refuse_unmeant(ctx)
            return rest

    def invoke(self, ctx: Any) -> Any:
        with usage.of(ctx):
            return super().invoke(ctx)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        return [
            self.options_metavar or "",
            *(_usage(each) for each in self.get_params(ctx) if _is_argument(each)),
        ]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        arguments, own, common = [], [], []
        each: Any
        for each in self.get_params(ctx):
            record = each.get_help_record(ctx)
            if record is None:
                continue
            if _is_argument(each):
                arguments.append((_named(each), each.help or ""))
            elif each.name in COMMON:
                common.append(_plain(each, record))
            else:
                own.append(_plain(each, record))
        _write(formatter, {"Arguments": arguments, "Options": own, "In every command": common})

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        lines = EXAMPLES.get(_path(ctx), ())
        if lines:
            with formatter.section("Examples"):
                formatter.write(
                    "".join(f"{'':{formatter.current_indent}}{line}\n" for line in lines)
                )


class Group(TyperGroup):
    """Commands below one word, each with its whole first sentence."""

    listed: ClassVar[Commands] = {}
    sections: Mapping[str, Sequence[str]] = {}
    """Heading to names; commands that none of them names come last."""

    def __init__(self, *, listed: Commands | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        # Nobody adds to it later, as one could to click's own.
        self._below = Loading(self.listed if listed is None else listed, _made)
        self.commands = self._below  # type: ignore[assignment]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        with usage.of(ctx):
            rest = super().parse_args(ctx, args)
            if not ctx.resilient_parsing:
                usage.refuse_unmeant(ctx)
            return rest

    def format_options(self, ctx: Any, formatter: Any) -> None:
        records = [
            _plain(each, record)
            for each in self.get_params(ctx)
            if (record := each.get_help_record(ctx)) is not None
        ]
        self.format_commands(ctx, formatter)
        _write(formatter, {"Options": records})

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        shown = self._below.about()
        placed = {name for names in self.sections.values() for name in names}
        rest = [name for name in shown if name not in placed]
        listed = {**self.sections, "Commands" if not placed else "More": rest}
        sections = {
            heading: [(name, shown[name]) for name in names if name in shown]
            for heading, names in listed.items()
        }
        _write(formatter, sections, least=max(map(len, shown), default=0))


def _write(
    formatter: Any, sections: Mapping[str, list[tuple[str, str]]], *, least: int = 0
) -> None:
    """Each that is not empty. `least`: the width of what stands on the left, so that all align."""
    for heading, records in sections.items():
        if not records:
            continue
        with formatter.section(heading):
            formatter.write_dl([(f"{name:<{least}}", text) for name, text in records])


def _plain(option: Any, record: tuple[str, str]) -> tuple[str, str]:
    """Its help with `--name NAME` instead of `--name <str>`."""
    names, text = record
    if option.is_flag or option.metavar is not None or "<" not in names:
        return record
    before, _, kind = names.partition("<")
    kind = kind.rstrip(">")
    return before + (kind if "|" in kind else option.name.upper()), text


def _named(argument: Any) -> str:
    return str(argument.metavar or argument.name.upper())


def _usage(argument: Any) -> str:
    name = _named(argument)
    return name if argument.required or name.startswith("[") else f"[{name}]"


def _is_argument(parameter: Any) -> bool:
    return bool(parameter.param_type_name == "argument")


def _path(ctx: Any) -> str:
    """`audit show`, for `pam audit show`."""
    names = []
    while ctx.parent is not None:
        names.append(str(ctx.info_name))
        ctx = ctx.parent
    return " ".join(reversed(names))


def _made(name: str, listed: Named | Below) -> Any:
    if isinstance(listed, Below):
        return Group(
            name=name,
            listed=listed.commands,
            help=listed.about,
            no_args_is_help=True,
            rich_markup_mode=None,
        )
    module, _, function = listed.where.partition(":")
    loaded = import_module(f"cli.commands.{module}")
    alone = typer.Typer(add_completion=False, rich_markup_mode=None)
    shape = getattr(loaded, listed.shape) if listed.shape else Command
    alone.command(name, cls=shape)(getattr(loaded, function))
    return typer.main.get_command(alone)
