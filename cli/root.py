"""The root of the command line: the only place that turns an exception into an exit code."""

import errno
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any, NoReturn

import typer

from cli import extras, invocation, streams, usage
from cli.help import Group
from cli.problems import CLIENT, ExitCode, Failure, one_line, problem_of_client
from cli.text import clean


class Root(Group):
    """Says what failed in one line on stderr, and with `--json` as one document on stdout."""

    sections: Mapping[str, Sequence[str]] = {
        "Ask for access": ("request", "resources", "list", "show", "check"),
        "Use it": ("exec", "credentials", "configure", "console", "end"),
        "Decide": ("inbox", "approve", "deny", "confirm", "review"),
        "Operate": ("revoke", "block", "blocklist"),
        "Look back": ("audit",),
        "You and your set-up": ("login", "whoami", "link", "unlink", "doctor"),
        "Offline": ("policy", "local"),
    }

    def main(self, *given: Any, **settings: Any) -> NoReturn:
        """As typer calls it: with the words to read, or those of this process."""
        streams.prepare()
        words = given[0] if given else settings.get("args")
        invocation.start(json=_asks_for_json(sys.argv[1:] if words is None else list(words)))
        try:
            exit_code = self._run(given, {**settings, "standalone_mode": False})
            streams.flush()
        except OSError as error:
            exit_code = _lost(error)
        # A line for stderr that cannot be written changes no exit code either.
        streams.give_up()
        sys.exit(exit_code)

    def _main_shell_completion(self, *words: Any, **more: Any) -> None:
        """Never a word to whoever pressed TAB, whatever went wrong."""
        try:
            super()._main_shell_completion(*words, **more)
        except Exception:  # noqa: BLE001
            sys.exit(ExitCode.FAILED)

    def _run(self, given: Sequence[Any], settings: Mapping[str, Any]) -> int:
        """Its exit code. Raises OSError if the output cannot be written."""
        try:
            # Without standalone mode: an exit code, or what the command returned, which is nothing.
            exit_code = int(super().main(*given, **settings) or ExitCode.DONE)
        except Failure as failure:
            _say(failure.line, failure.document)
            return failure.exit_code
        except typer.Abort:
            _say("interrupted; nothing was done", None)
            return ExitCode.INTERRUPTED
        except typer.TyperException as error:
            return _say_usage(error)
        except Exception as error:
            if isinstance(error, OSError) and streams.output_is_lost(error):
                raise
            if os.environ.get("PAM_TRACEBACK"):
                raise
            unforeseen = Failure(_internal(error))
            _say(unforeseen.line, unforeseen.document)
            return ExitCode.FAILED
        if exit_code == ExitCode.INTERRUPTED:
            invocation.print_failure(problem_of_client("interrupted"))
        return exit_code


def _internal(error: Exception) -> str:
    """The line for what nobody foresaw. What the machine refuses is no fault of PAM's own."""
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return clean(f"{where}{error.strerror}")
    if isinstance(error, ModuleNotFoundError) and (advice := extras.missing(error)):
        return advice
    line = f"internal error: {type(error).__name__}: {one_line(error)}"
    return f"{line} (PAM_TRACEBACK=1 shows where)"


def _asks_for_json(words: Sequence[str]) -> bool:
    """Whether the words before any `--` ask for JSON, also where they are no lawful command."""
    own = list(words[: words.index("--")] if "--" in words else words)
    pairs = set(pairwise(own))
    return not {"--json", "-ojson", "--output=json"}.isdisjoint(own) or not {
        ("-o", "json"),
        ("--output", "json"),
    }.isdisjoint(pairs)


def _say(line: str, document: Mapping[str, Any] | None) -> None:
    with suppress(OSError):
        typer.echo(line, err=True)
    invocation.print_failure(problem_of_client(line) if document is None else document)


def _say_usage(error: typer.TyperException) -> int:
    """Its exit code. Who names no command gets the help, unless it is a program that reads."""
    if usage.asked_for_help(error) and not invocation.wants_json():
        _say(error.format_message(), None)
        return error.exit_code
    failure = usage.failure(error)
    _say(failure.line, failure.document)
    return failure.exit_code


def _lost(error: OSError) -> int:
    """Nobody reads the output any more, which needs no word; or it cannot be written."""
    streams.give_up()
    if error.errno != errno.EPIPE:
        with suppress(OSError):
            typer.echo(f"{CLIENT}: the output cannot be written: {error.strerror}", err=True)
        streams.give_up()
    return ExitCode.FAILED
