"""A trail is what a stranger hands over: whatever it is, verifying ends, in one clear line."""

import json
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.trail import files, layout
from cli.trail.check import Disproof, Trusted, check_trail
from cli.trail.files import Folder, Unreadable
from tests.fakes.log import Log, a_log
from tests.fakes.story import COMPILED
from tests.trail.conftest import exported

pytestmark = pytest.mark.guarantee("G13")

CHECKPOINT, COSIGNATURE = layout.checkpoint_name(1), layout.cosignature_name(1)
POLICY = layout.policy_name(COMPILED.digest)
FILES = (
    layout.MANIFEST,
    layout.RECORDS,
    layout.EARLIER,
    layout.PROOFS,
    layout.TEXTS,
    layout.PUBLIC_KEY,
    CHECKPOINT,
    COSIGNATURE,
    POLICY,
)


@pytest.fixture(scope="module")
def log() -> Log:
    return a_log(3, 2)


@pytest.fixture
def folder(log: Log, tmp_path: Path) -> Path:
    """Of one session, so that every kind of file is in it."""
    return exported(log, tmp_path / "trail", session_id=min(log.story.store.sessions))


def why(folder: Path, log: Log) -> str:
    with pytest.raises(Disproof) as caught:
        check_trail(folder, Trusted(witness_key=log.witness.key.public_key()))
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 500
    return text


# ------------------------------------------------------------------ files that are none


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as opened:
            opened.bind(path.name)
    finally:
        os.chdir(here)


def a_folder(path: Path) -> None:
    path.mkdir()


def a_link_out(path: Path) -> None:
    path.symlink_to("/etc/hosts")


def a_link_to_a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def a_link_to_the_very_same(path: Path) -> None:
    """What is linked fits to the byte, and may be another by the time that somebody else looks."""
    kept = path.with_name("kept")
    shutil.move(path.parent.parent / "aside", kept)
    path.symlink_to(kept)


def a_broken_link(path: Path) -> None:
    path.symlink_to("nowhere")


def a_link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


ODD = (
    a_pipe,
    a_socket,
    a_folder,
    a_link_out,
    a_link_to_a_device,
    a_link_to_the_very_same,
    a_broken_link,
    a_link_to_itself,
)


@pytest.mark.enable_socket
@pytest.mark.parametrize("make", ODD, ids=lambda make: make.__name__)
@pytest.mark.parametrize("name", FILES)
def test_what_is_no_regular_file_is_not_opened(
    name: str, make: Callable[[Path], None], log: Log, folder: Path
) -> None:
    shutil.move(folder / name, (folder / name).parent.parent / "aside")
    make(folder / name)
    assert "not a regular file" in why(folder, log)


@pytest.mark.parametrize("part", [layout.CHECKPOINTS, layout.COSIGNATURES, layout.POLICIES])
def test_a_part_of_the_folder_that_leads_elsewhere_is_not_followed(
    part: str, log: Log, folder: Path, tmp_path: Path
) -> None:
    shutil.move(folder / part, tmp_path / "elsewhere")
    (folder / part).symlink_to(tmp_path / "elsewhere")
    assert why(folder, log).endswith("not a folder")


def test_the_folder_itself_may_be_a_link(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    assert check_trail(tmp_path / "link", Trusted()).records


def test_a_file_that_becomes_a_pipe_while_it_is_opened_is_not_waited_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / layout.MANIFEST
    seen = os.lstat(path)
    path.unlink()
    os.mkfifo(path)
    monkeypatch.setattr(files.os, "lstat", lambda _: seen)
    with pytest.raises(Unreadable, match="not a regular file"):
        files.open_regular(path, layout.MANIFEST)


# ------------------------------------------------------------------ sizes


def grown(path: Path, size: int) -> None:
    """Takes no room on the disk, and is read as zeros."""
    with path.open("r+b") as opened:
        opened.truncate(size)


@pytest.mark.parametrize("name", FILES)
def test_no_file_is_read_further_than_it_can_be_right(name: str, log: Log, folder: Path) -> None:
    grown(folder / name, 1 << 40)
    why(folder, log)


def test_what_is_too_large_is_not_taken_for_its_beginning(log: Log, folder: Path) -> None:
    path = folder / layout.MANIFEST
    path.write_bytes(path.read_bytes() + b" " * 70_000)
    assert "manifest.json: larger than" in why(folder, log)


def test_a_line_without_end_is_not_read_to_its_end(log: Log, folder: Path) -> None:
    (folder / layout.RECORDS).write_bytes(b'{"event_id":"')
    grown(folder / layout.RECORDS, 1 << 40)
    assert "over 1,048,576 bytes long" in why(folder, log)


def test_all_files_together_are_bounded(folder: Path) -> None:
    bounded = Folder(folder, most=(folder / layout.PUBLIC_KEY).stat().st_size + 1)
    assert bounded.text(layout.PUBLIC_KEY)
    with pytest.raises(Unreadable, match="larger than any trail"):
        bounded.text(layout.TEXTS)


# ------------------------------------------------------------------ a manifest that claims


MANIFESTS: dict[str, str | dict[str, object]] = {
    "more checkpoints than there are": {"last": 10**18},
    "less than nothing": {"first": 0},
    "an end before its beginning": {"first": 3, "last": 2},
    "a number that is true": {"first": True},
    "a number with a fraction": {"last": 1.5},
    "a number as text": {"last": "9"},
    "a list for a session": {"session_id": ["x"]},
    "an object for a log": {"origin": {}},
    "no time": {"until": "tomorrow"},
    "a time without a zone": {"since": "2026-01-01T00:00:00"},
    "a time that is a number": {"exported_at": 0},
    "something more": {"proven": True},
    "a field twice": '{"format": 2, "format": 2}',
    "nothing": "",
    "a list": "[]",
    "depth": "[" * 60_000,
    "a number of many digits": '{"first": ' + "9" * 60_000 + "}",
    "infinity": '{"first": Infinity}',
    "a zero byte": "\0",
}


@pytest.mark.parametrize("claim", MANIFESTS)
def test_a_manifest_is_believed_in_nothing(claim: str, log: Log, folder: Path) -> None:
    path, said = folder / layout.MANIFEST, MANIFESTS[claim]
    if isinstance(said, dict):
        said = json.dumps(json.loads(path.read_text()) | said)
    path.write_text(said, encoding="utf-8")
    why(folder, log)


def test_a_trail_of_an_earlier_form_says_so(log: Log, folder: Path) -> None:
    path = folder / layout.MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 1}), encoding="utf-8")
    assert "of another version of pam" in why(folder, log)


# ------------------------------------------------------------------ content


CONTENT: dict[str, bytes] = {
    "nothing": b"",
    "a zero byte": b"\0",
    "no text": b"\xff\xfe\n",
    "half a character": "ü".encode()[:1] + b"\n",
    "depth": b"[" * 500_000 + b"\n",
    "depth in an object": b'{"a":' * 100_000 + b"\n",
    "a number of many digits": b'{"sequence":' + b"9" * 500_000 + b"}\n",
    "a float": b'{"sequence":1e999}\n',
    "no number": b"NaN\n",
    "a half of a character": b'{"session_id":"\\ud800"}\n',
    "a list": b"[]\n",
    "an empty object": b"{}\n",
    "null": b"null\n",
}


@pytest.mark.parametrize("content", CONTENT)
@pytest.mark.parametrize("name", [name for name in FILES if name != layout.EARLIER])
def test_whatever_stands_in_a_file_is_told_in_one_line(
    name: str, content: str, log: Log, folder: Path
) -> None:
    (folder / name).write_bytes(CONTENT[content])
    if name == layout.TEXTS and content == "an empty object":
        assert check_trail(folder, Trusted()).texts == 0, "texts may be taken out"
    else:
        why(folder, log)


def test_a_key_given_twice_is_not_read_as_its_last(log: Log, folder: Path) -> None:
    path = folder / layout.TEXTS
    path.write_text('{"x": {}, "x": {}}', encoding="utf-8")
    assert "each key stands once" in why(folder, log)
    first, *rest = (folder / layout.RECORDS).read_bytes().splitlines(keepends=True)
    twice = first.replace(b"{", b'{"actor":null,', 1)
    (folder / layout.RECORDS).write_bytes(b"".join([twice, *rest]))
    path.unlink()
    assert "not written in its one form" in why(folder, log)


# ------------------------------------------------------------------ what other tools do to files


@pytest.mark.parametrize("name", [name for name in FILES if name not in {layout.EARLIER, POLICY}])
def test_changed_line_ends_are_called_that(name: str, log: Log, folder: Path) -> None:
    path = folder / name
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert "line ends were changed" in why(folder, log)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda raw: raw + b"\n", "a blank line was added at the end"),
        (lambda raw: raw + b" \n\n", "a blank line was added at the end"),
        (lambda raw: b"\n" + raw, "a blank line was added; record 1"),
        (lambda raw: raw[:-1], "its line end is missing: the file was cut off"),
        (lambda raw: raw.replace(b"\n", b"\r\n"), "line ends were changed"),
    ],
)
def test_what_an_editor_did_to_the_records_is_not_called_tampering(
    change: Callable[[bytes], bytes], told: str, log: Log, folder: Path
) -> None:
    path = folder / layout.RECORDS
    path.write_bytes(change(path.read_bytes()))
    assert told in why(folder, log)


@pytest.mark.parametrize("name", [layout.MANIFEST, layout.RECORDS, layout.PROOFS, CHECKPOINT])
def test_a_byte_order_mark_is_called_that(name: str, log: Log, folder: Path) -> None:
    path = folder / name
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert "byte order mark" in why(folder, log)


def test_what_a_desktop_leaves_behind_is_passed_over(folder: Path) -> None:
    for part in ("", layout.CHECKPOINTS, layout.COSIGNATURES, layout.POLICIES):
        for name in layout.LEFT_BY_A_DESKTOP:
            (folder / part / name).write_bytes(b"x")
    (folder / "README.txt").write_text("from Jane")
    assert check_trail(folder, Trusted()).records


@pytest.mark.parametrize("part", [layout.CHECKPOINTS, layout.COSIGNATURES, layout.POLICIES])
def test_what_lies_among_the_evidence_and_is_none_is_named(
    part: str, log: Log, folder: Path
) -> None:
    (folder / part / "0000000001.bak").write_text("x")
    assert f"{part}/0000000001.bak" in why(folder, log)


def test_proofs_beside_a_trail_that_has_none_are_named(log: Log, tmp_path: Path) -> None:
    folder = exported(log, tmp_path / "of all")
    (folder / layout.PROOFS).write_text("{}\n")
    with pytest.raises(Disproof, match="only the trail of one session has proofs"):
        check_trail(folder, Trusted())
