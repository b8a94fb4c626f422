"""Whatever is put in, a parser gives its value or its own declared error, and nothing else.

What each of them reads comes from outside: from callers, from files that people write, from logs,
from an archive that somebody may have changed.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from cli import durations as typed_durations
from cli.trail.files import Folder, Unreadable
from pam.domain import durations, free_text, ids, timestamps
from pam.domain.checkpoint import Checkpoint, Interval
from pam.domain.cloudtrail import Watched, of_cloudtrail
from pam.domain.cursor import place_of
from pam.domain.errors import Invalid, NotEligible
from pam.domain.signed_note import Malformed, signatures_by, split_note
from pam.domain.statement_log import of_log_line
from pam.edge import api, bodies
from pam.edge.reading import Body, read_body
from pam.policy.catalogue_file import load_catalogue
from pam.policy.compiled import PolicyError
from pam.policy.compiler import load
from pam.policy.identities import Identities
from pam.policy.identities_file import load_identities
from pam.signatures import log_signed, witness_signed
from tests.fakes.story import ROOT

EXAMPLES = 150
A_ROLE = "arn:aws:iam::111122223333:role/pam-target"
WATCHED = Watched(
    resources={A_ROLE: "core-ledger-admin"}, issuers=frozenset(), account="111122223333"
)


@cache
def identities() -> Identities:
    return Identities(load(ROOT / "policy", ROOT / "policy" / "identities.yaml"))


def near(*patterns: str) -> SearchStrategy[str]:
    """Anything at all, or what nearly is what the parser wants."""
    almost = [st.from_regex(pattern, fullmatch=True) for pattern in patterns]
    cut = st.tuples(st.one_of(almost), st.text(max_size=3), st.integers(0, 40)).map(
        lambda parts: parts[0][: parts[2]] + parts[1] + parts[0][parts[2] :]
    )
    return st.one_of(st.text(), st.one_of(almost), cut)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4)
    ),
    max_leaves=12,
)
ULID = r"[0-9A-HJKMNP-TV-Z]{26}"
STAMP = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:00)"
BASE64 = r"[A-Za-z0-9+/]{0,12}={0,2}"
NOTE = (
    rf"[a-z/]{{1,9}}\n[0-9]{{1,3}}\n{BASE64}\nnumber [0-9]\ntime {STAMP}\nprevious [0-9a-f]{{4}}\n"
    r"(interval [0-9]{1,9}\n)?"
)
SIGNED = rf"{NOTE}\n\u2014 [a-z]{{1,5}} {BASE64}\n"


def shaped(**fields: SearchStrategy[Any]) -> SearchStrategy[Any]:
    """An object of these fields, each right, of any other kind, or left out; and anything else."""
    return JSON | st.fixed_dictionaries({}, optional={k: v | JSON for k, v in fields.items()})


BODY = shaped(
    resource=st.text(max_size=70),
    reason=st.text(max_size=60),
    comment=st.text(max_size=60),
    ticket=st.text(max_size=10),
    session_id=near(ULID),
    requester=st.text(max_size=60),
    decision=st.sampled_from(["approve", "deny", "maybe"]),
    duration_seconds=st.integers(),
    break_glass=st.booleans(),
)
INTERVAL = shaped(
    note=near(SIGNED),
    before=shaped(size=st.integers() | st.floats(), peaks=st.lists(near(BASE64), max_size=3)),
    leaves=st.lists(
        st.tuples(near(ULID), st.integers() | st.text(), st.text(), st.text()), max_size=3
    ),
    consistency=st.lists(near(BASE64), max_size=3),
)
CALL = shaped(
    eventID=near(r"[0-9a-f-]{36}"),
    eventTime=near(STAMP),
    eventSource=st.sampled_from(["sts.amazonaws.com", "s3.amazonaws.com"]),
    eventName=st.sampled_from(["AssumeRole", "GetObject"]),
    requestParameters=shaped(roleArn=st.just(A_ROLE)),
    resources=st.lists(shaped(ARN=st.text()), max_size=5),
    userIdentity=shaped(
        type=st.just("AssumedRole"),
        arn=st.text(),
        sessionContext=shaped(sessionIssuer=shaped(arn=st.just(A_ROLE)), sourceIdentity=near(ULID)),
    ),
)
EVENT = shaped(
    **{
        "source": st.just("aws.s3"),
        "detail-type": st.just("AWS API Call via CloudTrail"),
        "detail": CALL,
    }
)
LOG_LINE = near(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} UTC:10\.0\.0\.1\(5\):"
    r"pam_[0-9a-z]{26}@bank:\[7\]:LOG:  (statement|AUDIT): [ -~]{0,40}"
)
YAML_WORD = near(r"[&*!?|>%@`\"'#,\[\]{}:\-~\n 0-9a-z_.]{1,30}")


def write_yaml(text: str, word: str, place: int) -> str:
    at = place % (len(text) + 1)
    return text[:at] + word + text[at:]


def broken(name: str) -> SearchStrategy[bytes]:
    """A policy file with something put into it; or bytes that were never one."""
    text = (ROOT / "policy" / name).read_text(encoding="utf-8")
    edited = st.builds(write_yaml, st.just(text), YAML_WORD, st.integers(0, len(text)))
    made = YAML_WORD.map(lambda word: word * 3)
    return st.one_of(st.binary(), *(s.map(encoded) for s in (edited, made, JSON.map(json.dumps))))


def encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def from_file(parse: Callable[[Path], object]) -> Callable[[bytes], object]:
    def parsed(content: bytes) -> object:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "file"
            path.write_bytes(content)
            return parse(path)

    return parsed


def body_of(kind: type[Body]) -> Callable[[object], object]:
    """As the edge does it: pydantic's errors become a refusal that echoes no value."""
    return lambda raw: read_body(kind, raw)


def readable(sent: tuple[str, bool]) -> object:
    body, is_base64 = sent
    return api._body({"body": body, "isBase64Encoded": is_base64})


def log_line(text: str) -> object:
    return of_log_line(text, activity_id="1", received=datetime.now(UTC), place="log")


def signed(raw: bytes) -> object:
    return log_signed(raw, "text", raw), witness_signed(raw, raw, raw)


def of_a_ulid(text: str) -> object:
    return ids.opened_at(text) if ids.is_ulid(text) else None


def apart_identities(path: Path) -> object:
    return load_identities(path, (frozenset({"engineers", "approvers"}),))


PARSERS: Mapping[str, tuple[SearchStrategy[Any], Callable[[Any], object], tuple[type, ...]]] = {
    "a principal": (
        near(
            r"arn:aws:iam::[0-9]{12}:user/\w{1,9}",
            r"arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_BankCoreEngineer_[0-9a-f]{16}/.{1,9}",
        ),
        lambda text: identities().identify(text),
        (NotEligible,),
    ),
    "a person who is searched for": (
        st.text(),
        lambda text: identities().resolve(text),
        (NotEligible,),
    ),
    "a duration": (near(r"\d{1,7}h\d{1,7}m\d{1,8}s"), durations.parse, (ValueError,)),
    "a duration typed": (near(r"\d{1,9}[hms]?"), typed_durations.parse, (ValueError,)),
    "a duration option": (near(r"\d{1,9}"), typed_durations.seconds, (typer.BadParameter,)),
    "a timestamp": (near(STAMP), timestamps.parse, (ValueError,)),
    "a session id": (near(ULID), of_a_ulid, (ValueError,)),
    "a database user": (near(r"pam_[0-9a-z]{26}"), ids.session_of_database_user, ()),
    "a cursor": (near(BASE64), lambda text: place_of(text, "query"), ()),
    "a body of the API": (
        st.tuples(st.text() | JSON.map(json.dumps), st.booleans()),
        readable,
        (Invalid,),
    ),
    "a request": (BODY, body_of(bodies.RequestBody), (Invalid,)),
    "a vote": (BODY, body_of(bodies.ApproveBody), (Invalid,)),
    "a revocation": (BODY, body_of(bodies.RevokeBody), (Invalid,)),
    "an end": (BODY, body_of(bodies.EndBody), (Invalid,)),
    "a block": (BODY, body_of(bodies.BlockBody), (Invalid,)),
    "a confirmation": (BODY, body_of(bodies.ConfirmBody), (Invalid,)),
    "a review": (BODY, body_of(bodies.ReviewBody), (Invalid,)),
    "a line of text": (st.text(), free_text.line_of, (ValueError,)),
    "an erasure": (BODY, body_of(bodies.EraseBody), (Invalid,)),
    "a direct start": (BODY, bodies.parse_start, (Invalid,)),
    "a checkpoint": (near(NOTE), Checkpoint.parse, (Malformed,)),
    "a note": (near(SIGNED), split_note, (Malformed,)),
    "signature lines": (
        st.lists(near(rf"\u2014 log {BASE64}\n")),
        lambda lines: signatures_by("log", b"\x00\x00\x00\x01", lines),
        (),
    ),
    "an interval": (near(r"\{\}") | INTERVAL.map(json.dumps), Interval.decode, (Malformed,)),
    "a signature": (st.binary(max_size=100), signed, ()),
    "an event of CloudTrail": (EVENT, lambda event: of_cloudtrail(event, WATCHED), (ValueError,)),
    "a line of a database's log": (LOG_LINE, log_line, (ValueError,)),
    "a file of an exported trail": (
        st.binary() | JSON.map(json.dumps).map(encoded),
        from_file(lambda path: Folder(path.parent).json(path.name)),
        (Unreadable,),
    ),
    "a key of an exported trail": (
        st.binary(),
        from_file(lambda path: Folder(path.parent).public_key(path.name)),
        (Unreadable,),
    ),
    "a catalogue": (broken("catalogue.yaml"), from_file(load_catalogue), (PolicyError,)),
    "the identities": (broken("identities.yaml"), from_file(apart_identities), (PolicyError,)),
}


@pytest.mark.parametrize("what", PARSERS)
def test_a_parser_gives_its_value_or_its_own_error(what: str) -> None:
    strategy, parse, declared = PARSERS[what]

    @settings(max_examples=EXAMPLES, deadline=None)
    @given(strategy)
    def holds(raw: Any) -> None:
        with suppress(declared):
            parse(raw)

    holds()


DEEP = 100_000
ODDITIES: Mapping[str, tuple[str, Any]] = {
    "a year before the first": ("a timestamp", "0001-01-01T00:00:00+23:59"),
    "a year after the last": ("a timestamp", "9999-12-31T23:59:59-23:59"),
    "an id after the last year": ("a session id", "7" + "Z" * 25),
    "a tree without end": (
        "an interval",
        '{"note":"","before":{"size":1e999,"peaks":[]},"leaves":[],"consistency":[]}',
    ),
    "a half of a character": (
        "an interval",
        '{"note":"\\ud800","before":{"size":0,"peaks":[]},"leaves":[],"consistency":[]}',
    ),
    "no number": (
        "an interval",
        '{"note":"","before":{"size":0,"peaks":[]},"leaves":[["",NaN,"",""]],"consistency":[]}',
    ),
    "a leaf of numbers": (
        "an interval",
        '{"before":{"peaks":[],"size":0},"consistency":[],"leaves":[[1,1,1,1]],"note":""}',
    ),
    "a tree of less than nothing": (
        "an interval",
        '{"before":{"peaks":[""],"size":-1},"consistency":[],"leaves":[],"note":""}',
    ),
    "a deep interval": ("an interval", "[" * DEEP),
    "a deep body": ("a body of the API", ('{"a":' * 3000 + "1" + "}" * 3000, False)),
    "a deep file": ("a file of an exported trail", b"[" * DEEP),
    "a deep catalogue": ("a catalogue", b"[" * DEEP),
    "a control character in a file": ("a catalogue", b"defaults: \x07"),
    "a list as a key": ("a catalogue", b"? [a]\n: 1\n"),
    "a map as a key": ("a catalogue", b"? {a: b}\n: 1\n"),
    "a day that is none": ("a catalogue", b"defaults: 2026-02-31\n"),
    "a list that holds itself": ("a catalogue", b"&a [*a]\n"),
    "a map that holds itself": ("a catalogue", b"&a {b: *a}\n"),
    "a number that is none": ("a catalogue", b"defaults: !!int x\n"),
    "a time that is none": ("a catalogue", b"defaults: !!timestamp x\n"),
    "a truth that is none": ("a catalogue", b"defaults: !!bool x\n"),
    "nothing for a number": ("a catalogue", b"defaults: !!int ''\n"),
    "laughs by the billion": ("a catalogue", b"a: &a [1, 1]\nb: &b [*a, *a]\n"),
    "a number of many digits": ("a catalogue", b"defaults: " + b"9" * 5000),
    "many documents": ("a catalogue", b"a: 1\n---\nb: 1\n"),
    "half a file": ("a catalogue", "defaults: ü".encode("latin-1")),
}


@pytest.mark.parametrize("oddity", ODDITIES)
def test_what_chance_may_never_find_gets_the_parsers_own_error(oddity: str) -> None:
    what, raw = ODDITIES[oddity]
    _, parse, declared = PARSERS[what]
    with pytest.raises(declared):
        parse(raw)
