"""What shells make of a lease: exactly its values, and nothing of whoever was there before."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli import lease as leases
from cli.child_environment import OLDER, Person, of_aws
from cli.shells import FORMS, exports, fish_quoted, powershell_quoted, to_unset
from tests.cli.fake_api import SESSION_ID, FakeApi, Pam, lease, login

CALL = f"POST /pam/sessions/{SESSION_ID}/credentials"
NASTY = [
    "plain+/=",
    "it's",
    "''",
    "'; echo pwned; '",
    '"$(echo pwned)"',
    "$HOME `id` $(id) ${x}",
    "back\\slash\\",
    "\\'; echo pwned #",
    "a\nb\r\nc",
    "`n`'`\"",
    "\u2018\u2019\u201a\u201b; echo pwned; \u2019",
    "\u201cquoted\u201d \u2013 \u00e9\U0001f600",
    "\t \x1b[31m\x7f",
    "#comment",
    "%PATH% !x!",
    "",
]


def _given(document: dict[str, Any]) -> leases.Lease:
    given = leases.parse(document)
    assert not isinstance(given, leases.SignIn)
    return given


def _in_exec(given: leases.Lease, parent: dict[str, str]) -> dict[str, str]:
    if isinstance(given, leases.DatabaseLease):
        return given.child_environment(parent)
    person = Person.of({}, profile="own", region=None, method="sso")
    with of_aws(given, parent, person=person, endpoint={}) as environment:
        return environment


def _powershell_reads(expression: str) -> str:
    """By PowerShell's rules for `'...'`, `[char]N`, `+` and brackets; all else is refused."""
    quotes = "'\u2018\u2019\u201a\u201b"
    text = re.fullmatch(r"\((.*)\)", expression, re.DOTALL)
    assert text, expression
    rest, units, first = text[1], b"", True
    while rest:
        if not first:
            assert rest.startswith(" + "), rest
            rest = rest[3:]
        if number := re.match(r"\[char\](\d+)", rest):
            assert not first, "a number first would be added to the next"
            units += int(number[1]).to_bytes(2, "big")
            rest = rest[number.end() :]
        else:
            assert rest[0] in quotes, rest
            literal = re.match(f"[{quotes}]((?:[^{quotes}]|[{quotes}]{{2}})*)[{quotes}]", rest)
            assert literal, rest
            units += re.sub(f"([{quotes}])[{quotes}]", r"\1", literal[1]).encode("utf-16-be")
            rest = rest[literal.end() :]
        first = False
    return units.decode("utf-16-be")


def _fish_reads(word: str) -> str:
    """By fish's rules for `'...'` and for escapes outside of quotes; all else is refused."""
    read = ""
    while word:
        if escape := re.match(r"\\U([0-9a-f]{8})", word):
            read, word = read + chr(int(escape[1], 16)), word[escape.end() :]
        else:
            literal = re.match(r"'((?:[^'\\]|\\.)*)'", word, re.DOTALL)
            assert literal, word
            read, word = read + re.sub(r"\\([\\'])", r"\1", literal[1]), word[literal.end() :]
    return read


@pytest.mark.parametrize("value", NASTY)
@pytest.mark.parametrize(
    ("quoted", "reads"), [(powershell_quoted, _powershell_reads), (fish_quoted, _fish_reads)]
)
def test_a_value_is_read_back_as_it_is_and_stays_on_its_line(
    quoted: Callable[[str], str], reads: Callable[[str], str], value: str
) -> None:
    assert reads(quoted(value)) == value
    assert quoted(value).isascii()
    assert quoted(value).isprintable()


SHELLS = {
    "sh": ("env", ["sh", "-c"]),
    "bash": ("env", ["bash", "-c"]),
    "zsh": ("env", ["zsh", "-f", "-c"]),
    "fish": ("fish", ["fish", "-N", "-c"]),
    "pwsh": ("powershell", ["pwsh", "-NoProfile", "-Command"]),
}
BEFORE = {"AWS_PROFILE": "dave", "AWS_ROLE_ARN": "arn:x", "PGSERVICE": "prod", "PGTZ": "UTC"}


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_sets_the_lease_and_removes_what_exec_removes(shell: str, tmp_path: Path) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"no {shell} on this machine")
    form, arguments = SHELLS[shell]
    values = [value for value in NASTY if value]
    scripts = [FORMS[form](_given(lease(secret_access_key=value)), {}) for value in values]
    ran = subprocess.run(
        [program, *arguments[1:], "\nenv -0\n".join([*scripts, ""])],
        capture_output=True,
        check=True,
        timeout=60,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LC_ALL": "C.UTF-8", **BEFORE},
    )
    said = ran.stdout.decode().split("\0")
    assert [pair for pair in said if pair.startswith("AWS_SECRET_ACCESS_KEY=")] == [
        f"AWS_SECRET_ACCESS_KEY={value}" for value in values
    ]
    assert said.count("AWS_ACCESS_KEY_ID=ASIALEASED") == len(values)
    assert not [pair for pair in said if pair.startswith(("AWS_PROFILE=", "AWS_ROLE_ARN="))]
    assert said.count("PGSERVICE=prod") == len(values)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", [lease, login])
def test_every_form_removes_all_that_exec_removes(
    fake: FakeApi, pam: Pam, form: str, kind: Callable[[], dict[str, Any]]
) -> None:
    fake.on(CALL, kind())
    shown = pam("credentials", SESSION_ID, "--format", form).stdout.splitlines()[0]
    given = _given(kind())
    names = [*leases.OTHER_IDENTITIES, *OLDER, "PGSERVICE", "PGOPTIONS", "PATH"]
    parent = dict.fromkeys(names, "theirs")
    removed = parent.keys() - _in_exec(given, parent).keys() - given.environment().keys()
    assert removed
    assert removed <= set(re.findall(r"\w+", shown))
    assert "PATH" not in re.findall(r"\w+", shown)


def test_what_is_not_a_name_is_never_put_into_a_script() -> None:
    given = _given(login())
    odd = {"PG; echo pwned": "x", "PG$(id)": "x", "PG\nX": "x", "PGX": "x"}
    assert "PGX" in to_unset(given, odd)
    assert "pwned" not in exports(given, odd)
    assert "id" not in to_unset(given, odd)


@pytest.mark.parametrize("form", ["powershell", "fish"])
def test_where_to_sign_in_is_a_comment_there_too(fake: FakeApi, pam: Pam, form: str) -> None:
    text = {"kind": "signin", "instructions": "go\nthere", "session_id": SESSION_ID}
    fake.on(CALL, text)
    assert pam("credentials", SESSION_ID, "--format", form).stdout == "# go\\nthere\n"
