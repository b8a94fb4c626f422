"""Wrong usage is one line with a code, what is wrong and where the usage stands; exit code 2."""

import json

import pytest
import typer
from typer.testing import CliRunner

from cli import usage
from cli.main import app
from cli.problems import ExitCode
from tests.cli.fake_api import SESSION_ID, FakeApi, Pam, session

WRONG: dict[str, tuple[tuple[str, ...], str]] = {
    "a missing argument": (
        ("audit", "export"),
        "missing argument 'DIR' (pam audit export --help)",
    ),
    "what the command itself misses": (
        ("audit", "report"),
        "missing --from: say since when with --from (pam audit report --help)",
    ),
    "two that exclude each other": (
        ("revoke", SESSION_ID, "--person", "dave", "--reason", "x"),
        f"give one of ID ({SESSION_ID}), --person and --resource; put a text with spaces into "
        "quotes (pam revoke --help)",
    ),
    "a length in two words": (
        ("revoke", "--person", "dave", "--reason", "x", "--block", "24", "h"),
        "give one of ID (h), --person and --resource; put a text with spaces into quotes "
        "(pam revoke --help)",
    ),
    "a person where a session is meant": (
        ("revoke", "ivy", "--reason", "stolen"),
        "invalid value for ID: ivy is no session's id; for all that a person has open: --person "
        "ivy; for all that is open of a resource: --resource ivy (pam revoke --help)",
    ),
    "a person in capitals where a session is meant": (
        ("revoke", "Dave", "--reason", "stolen"),
        "invalid value for ID: Dave is no session's id; for all that a person has open: --person "
        "Dave; for all that is open of a resource: --resource Dave (pam revoke --help)",
    ),
    "a missing option": (
        ("block", "alice"),
        "missing option --reason (pam block --help)",
    ),
    "an option that is not there": (
        ("request", "x", "--foor", "30m"),
        "no such option: --foor; did you mean --for? (pam request --help)",
    ),
    "an option that is like several": (
        ("list", "--statsu", "x"),
        "no such option: --statsu; did you mean --status or --stuck? (pam list --help)",
    ),
    "an option of the root that is not there": (
        ("--profle", "x"),
        "no such option: --profle; did you mean --profile? (pam --help)",
    ),
    "an option without its value": (
        ("request", "x", "--reason"),
        "option --reason requires an argument (pam request --help)",
    ),
    "a command that is not there": (
        ("shwo", "x"),
        "no such command 'shwo'; did you mean 'show'? (pam --help)",
    ),
    "a command of a group that is not there": (
        ("audit", "exprot"),
        "no such command 'exprot'; did you mean 'export'? (pam audit --help)",
    ),
    "a choice that is none": (
        ("credentials", SESSION_ID, "--format", "yaml"),
        "invalid value for --format: 'yaml' is not one of 'env', 'powershell', 'fish', 'json', "
        "'process', 'psql' (pam credentials --help)",
    ),
    "too many arguments": (
        ("show", SESSION_ID, "two", "three"),
        "these words are too many: two three; put a text with spaces into quotes (pam show --help)",
    ),
    "a reason without quotes": (
        ("block", "dave", "--reason", "laptop", "stolen"),
        "these words are too many: stolen; put a text with spaces into quotes (pam block --help)",
    ),
    "a value that the command itself refuses": (
        ("list", "--since", "lately"),
        "invalid value for --since: lately is no time: write 2026-01-31, or 2026-01-31T09:15Z, or "
        "an age: 24h (pam list --help)",
    ),
    "a rule of the command's own": (
        ("exec", SESSION_ID, "psql"),
        "invalid value for CMD...: put -- before the command: pam exec ID -- CMD... "
        "(pam exec --help)",
    ),
    "a block of no time": (
        ("block", "alice", "--reason", "x", "--for", "0"),
        "invalid value for --for: must be longer than 0 s; to block until lifted, leave it out "
        "(pam block --help)",
    ),
    "a revocation with a block of no time": (
        ("revoke", SESSION_ID, "--reason", "x", "--block", "0s"),
        "invalid value for --block: must be longer than 0 s; to block until lifted, give "
        "--block-until-lifted instead (pam revoke --help)",
    ),
    "of whom a list is, said twice": (
        ("list", "--mine", "--requester", "bob"),
        "invalid value for --requester: leave it out, or --mine (pam list --help)",
    ),
    "words that would drive the terminal": (
        ("sh\x1b[31mow\nx",),
        "no such command 'sh\\x1b[31mow\\nx' (pam --help)",
    ),
}
"""What is typed, and the line without its code."""


@pytest.mark.parametrize("case", WRONG)
def test_wrong_usage_is_one_line_with_code_and_remedy(fake: FakeApi, pam: Pam, case: str) -> None:
    words, line = WRONG[case]
    result = pam(*words)
    assert (result.exit_code, result.stdout) == (ExitCode.USAGE, "")
    assert result.stderr == f"VALIDATION: {line}\n"
    assert fake.asked == []


@pytest.mark.parametrize("json_by", [("--json",), ("-o", "json"), ("-ojson",), ("--output=json",)])
@pytest.mark.parametrize("words", [("list", "--statsu", "x"), ("list", "--limit", "0")])
def test_with_json_stdout_has_one_document_and_stderr_the_same_line(
    fake: FakeApi, pam: Pam, words: tuple[str, ...], json_by: tuple[str, ...]
) -> None:
    plain, as_json = pam(*words), pam(*words, *json_by)
    assert as_json.exit_code == plain.exit_code == ExitCode.USAGE
    assert as_json.stderr == plain.stderr
    problem = json.loads(as_json.stdout)
    assert (problem["status"], problem["code"]) == (0, "CLIENT")
    assert problem["detail"] + "\n" == plain.stderr


@pytest.mark.parametrize("case", WRONG)
def test_json_before_the_command_does_it_too(fake: FakeApi, pam: Pam, case: str) -> None:
    words, line = WRONG[case]
    result = pam("--json", *words)
    problem = json.loads(result.stdout)
    assert (result.exit_code, problem["status"], problem["code"]) == (2, 0, "CLIENT")
    assert result.stderr == f"VALIDATION: {line}\n" == problem["detail"] + "\n"


@pytest.mark.parametrize("group", [(), ("audit",)])
def test_a_group_without_a_command_shows_its_help_but_not_to_a_program(
    group: tuple[str, ...],
) -> None:
    shown = CliRunner().invoke(app, group, prog_name="pam")
    assert (shown.exit_code, shown.stdout) == (ExitCode.USAGE, "")
    assert shown.stderr.startswith("Usage: ")
    assert "VALIDATION" not in shown.stderr
    path = " ".join(("pam", *group))
    as_json = CliRunner().invoke(app, ["--json", *group], prog_name="pam")
    assert as_json.stderr == f"VALIDATION: missing command ({path} --help)\n"
    assert json.loads(as_json.stdout)["detail"] + "\n" == as_json.stderr


def test_what_the_library_refuses_for_another_reason_is_a_failure_and_no_wrong_usage() -> None:
    failure = usage.failure(typer.TyperException("Could not open\nfile 'x'"))
    assert (str(failure), failure.exit_code) == ("Could not open file 'x'", ExitCode.FAILED)


EMPTY: dict[str, tuple[tuple[str, ...], str]] = {
    "whose sessions to take away": (("revoke", "--person", "", "--reason", "stolen"), "--person"),
    "of what to take sessions away": (("revoke", "--resource=", "--reason", "old"), "--resource"),
    "why they are taken away": (("revoke", "--person", "dave", "--reason", ""), "--reason"),
    "on what a block is lifted": (
        ("blocklist", "lift", "dave", "--resource", "", "--reason", "found"),
        "--resource",
    ),
    "whose block is lifted": (("blocklist", "lift", "", "--reason", "found"), "PRINCIPAL"),
    "whose access is looked for": (("check", "core-db", "--principal", ""), "--principal"),
    "whose sessions are listed": (("list", "--requester", ""), "--requester"),
    "since when": (("list", "--since", ""), "--since"),
    "of whom is reported": (("audit", "report", "--from", "24h", "--who", ""), "--who"),
    "which session": (("end", ""), "ID"),
    "what to borrow": (("configure", ""), "RESOURCE"),
    "which PAM": (("list", "--env", ""), "--env"),
}


@pytest.mark.parametrize("case", EMPTY)
def test_what_is_empty_is_not_taken_for_left_out(fake: FakeApi, pam: Pam, case: str) -> None:
    """A script's variable that is not set must not widen an act to everybody's."""
    words, name = EMPTY[case]
    fake.on("GET /pam/sessions", {"items": [session()], "cursor": None})
    result = pam(*words)
    assert (result.exit_code, result.stdout, fake.asked) == (ExitCode.USAGE, "", [])
    assert result.stderr.startswith(
        f"VALIDATION: invalid value for {name}: it is empty; give a value, or leave it out (pam "
    )


NO_TEXT = "\udcff"
"""A byte that is not of UTF-8, as Python hands it to a program."""
NOT_TEXT: dict[str, tuple[tuple[str, ...], str]] = {
    "a resource": (("list", "--resource", NO_TEXT), "--resource"),
    "a person": (("blocklist", "lift", NO_TEXT, "--reason", "found"), "PRINCIPAL"),
    "a reason": (("block", "dave", "--reason", f"stolen{NO_TEXT}"), "--reason"),
    "a comment": (("approve", SESSION_ID, "--comment", NO_TEXT), "--comment"),
    "a profile": (("--profile", NO_TEXT, "list"), "--profile"),
    "a principal": (("unlink", NO_TEXT), "PRINCIPAL"),
}


@pytest.mark.parametrize("case", NOT_TEXT)
def test_bytes_that_are_no_text_are_wrong_usage_and_no_fault_of_aws(
    fake: FakeApi, pam: Pam, case: str
) -> None:
    words, name = NOT_TEXT[case]
    result = pam(*words)
    assert (result.exit_code, result.stdout, fake.asked) == (ExitCode.USAGE, "", [])
    assert f"invalid value for {name}: it has bytes that are no text; write it in" in result.stderr


def test_an_empty_option_of_the_root_is_refused_too(fake: FakeApi, pam: Pam) -> None:
    result = pam("--env", "", "list")
    assert (result.exit_code, fake.asked) == (ExitCode.USAGE, [])
    assert "invalid value for --env: it is empty" in result.stderr


def test_an_empty_comment_is_none_and_an_empty_cursor_is_the_beginning(
    fake: FakeApi, pam: Pam
) -> None:
    fake.on("POST /pam/approve", session())
    fake.on("GET /pam/sessions", {"items": [], "cursor": None})
    assert pam("approve", SESSION_ID, "--comment", "").exit_code == 0
    assert pam("list", "--cursor", "").exit_code == 0
    assert fake.asked[-1].query == {}


@pytest.mark.parametrize(
    ("typed", "fault"),
    [("0", "must be 1 or more"), ("-3", "must be 1 or more"), ("x", "must be a whole number")],
)
def test_a_number_that_is_none_is_told_in_plain_words(
    fake: FakeApi, pam: Pam, typed: str, fault: str
) -> None:
    result = pam("list", "--limit", typed)
    assert (result.exit_code, fake.asked) == (ExitCode.USAGE, [])
    line = f"VALIDATION: invalid value for --limit: {fault} (pam list --help)\n"
    assert result.stderr == line


@pytest.mark.parametrize("option", ["--since", "--from"])
@pytest.mark.parametrize("typed", ["0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00"])
def test_a_time_beyond_all_calendars_is_no_time(
    fake: FakeApi, pam: Pam, option: str, typed: str
) -> None:
    words = ("list",) if option == "--since" else ("audit", "report")
    result = pam(*words, option, typed)
    assert (result.exit_code, fake.asked) == (ExitCode.USAGE, [])
    assert f"invalid value for {option}: {typed} is no time: write 2026-01-31" in result.stderr
