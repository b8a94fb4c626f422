"""Each function is shipped with what it loads, and with none of what it must not have."""

import _imp
import ast
import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from stacks import bundling
from stacks.bundle_contents import DISTRIBUTIONS, NEEDS
from stacks.bundling import (
    ROOT,
    Bundle,
    BundleError,
    Bundles,
    BundleTarget,
    _owned,
    build_bundles,
)
from stacks.bytecode import PLACE, Compiler, CompilerError, Pyodide, ThisInterpreter
from stacks.config import BundleMode, BundlePlatform

HANDLERS = sorted(path.stem for path in (ROOT / "lambdas").glob("*.py"))
LARGEST_WITHOUT_A_DRIVER = 35_000_000
MODULES = {
    "policy": {"cedarpy"},
    "edge": {"pydantic_core"},
    "database": {"psycopg", "psycopg_binary"},
    "signatures": {"cryptography", "cffi"},
}
NOWHERE = {"boto3", "s3transfer", "pydantic", "aws_xray_sdk", "yaml"}
CHECKED_BY_HASH = 0b11
"""The flags of a bytecode file, by PEP 552: a hash of the source, to be checked."""


@pytest.fixture(scope="module")
def bundles() -> Bundles:
    return build_bundles(
        BundleTarget.of(BundlePlatform.HOST), policy_json="{}", mode=BundleMode.BUILD
    )


@pytest.fixture(scope="module")
def unpacked(bundles: Bundles, tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Path]:
    folders = {}
    for bundle in bundles.by_needs.values():
        folders[bundle.path] = tmp_path_factory.mktemp("bundle")
        with zipfile.ZipFile(bundle.path) as archive:
            archive.extractall(folders[bundle.path])
    return folders


def names(bundle: Bundle) -> set[str]:
    with zipfile.ZipFile(bundle.path) as archive:
        return set(archive.namelist())


def test_each_function_has_its_needs_said() -> None:
    assert sorted(NEEDS) == HANDLERS
    assert frozenset().union(*NEEDS.values()) <= set(DISTRIBUTIONS)


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_function_starts_from_its_own_bundle_alone(
    handler: str, bundles: Bundles, unpacked: dict[Path, Path]
) -> None:
    folder = unpacked[bundles.of(handler).path]
    code = (
        f"import sys; sys.path[:] = [{str(folder)!r}, *(p for p in sys.path if '-packages' not in p"
        f" and p)]; import {handler}; assert callable({handler}.handler)"
    )
    base = getattr(sys, "_base_executable", sys.executable)
    environment = {"AWS_REGION": "eu-west-1", "POWERTOOLS_SERVICE_NAME": "pam"}
    done = subprocess.run(
        [base, "-s", "-B", "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_bundle_has_the_modules_of_its_needs_and_of_no_others(
    handler: str, bundles: Bundles
) -> None:
    tops = {name.split("/")[0] for name in names(bundles.of(handler))}
    for need, modules in MODULES.items():
        if need in NEEDS[handler]:
            assert modules <= tops
        else:
            assert not modules & tops, need
    assert not NOWHERE & tops


def test_the_largest_bundle_without_a_driver_stays_small(bundles: Bundles) -> None:
    for needs, bundle in bundles.by_needs.items():
        if "database" not in needs:
            with zipfile.ZipFile(bundle.path) as archive:
                size = sum(entry.file_size for entry in archive.infolist())
            assert size <= LARGEST_WITHOUT_A_DRIVER, sorted(needs)


MADE_FOR = {
    BundlePlatform.HOST: (sys.implementation.cache_tag, importlib.util.MAGIC_NUMBER),
    # As PEP 745's interpreter writes it: github.com/python/cpython, pycore_magic_number.h
    BundlePlatform.AWS_ARM64: ("cpython-314", (3627).to_bytes(2, "little") + b"\r\n"),
}


@pytest.mark.parametrize("platform", MADE_FOR)
def test_every_source_of_a_bundle_has_bytecode_that_is_checked_by_its_hash(
    platform: BundlePlatform,
) -> None:
    tag, magic = MADE_FOR[platform]
    made = build_bundles(BundleTarget.of(platform), policy_json="{}", mode=BundleMode.BUILD)
    with zipfile.ZipFile(made.of("issue_credentials").path) as archive:
        sources = [Path(name) for name in archive.namelist() if name.endswith(".py")]
        for source in sources:
            beside = source.parent / "__pycache__" / f"{source.stem}.{tag}.pyc"
            compiled, text = archive.read(str(beside)), archive.read(str(source))
            assert compiled[:4] == magic
            assert int.from_bytes(compiled[4:8], "little") == CHECKED_BY_HASH
            assert compiled[8:16] == _imp.source_hash(int.from_bytes(magic, "little"), text)
            assert f"{PLACE}/{source}".encode() in compiled
    assert len(sources) > 100


@pytest.mark.parametrize("compiler", [ThisInterpreter(), Pyodide("3.14")])
def test_equal_sources_are_compiled_to_equal_bytes(compiler: Compiler, tmp_path: Path) -> None:
    compiled = []
    for place in ("one", "another/folder"):
        folder = tmp_path / place
        folder.mkdir(parents=True)
        (folder / "module.py").write_text(
            "KINDS = frozenset({'a', 'b', 'c'})\nx = y in {'d', 'e'}\n"
        )
        compiler.compile(folder)
        compiled += [path.read_bytes() for path in folder.rglob("*.pyc")]
    assert len(compiled) == 2
    assert compiled[0] == compiled[1]


@pytest.mark.parametrize("compiler", [ThisInterpreter(), Pyodide("3.14")])
def test_what_cannot_be_compiled_is_named(compiler: Compiler, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def broken(:\n")
    with pytest.raises(CompilerError, match=r"broken\.py"):
        compiler.compile(tmp_path)


def test_bytecode_of_another_version_is_not_shipped() -> None:
    with pytest.raises(CompilerError, match=r"run with Python 3\.99, and pyodide compiles for 3"):
        Pyodide("3.99")


def test_whatever_packs_is_part_of_what_it_is_cached_by() -> None:
    """What these two hold is part of it by its values."""
    by_value = {"bundle_contents", "config"}
    tree = ast.parse(Path(bundling.__file__).read_text())
    imports = [each for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)]
    packing = {name.name for each in imports if each.module == "stacks" for name in each.names}
    packing |= {
        str(each.module).removeprefix("stacks.")
        for each in imports
        if str(each.module).startswith("stacks.")
    }
    packers = {Path(part).stem for part in bundling.PACKERS}
    assert packers == {"bundling", *(packing - by_value)}


def test_a_distribution_that_is_locked_for_nobody_is_named(tmp_path: Path) -> None:
    record = tmp_path / "New_Thing-1.0.dist-info" / "RECORD"
    record.parent.mkdir()
    record.write_text("new_thing/__init__.py,,\n")
    with pytest.raises(BundleError, match="new-thing is locked"):
        list(_owned(tmp_path))


def test_an_error_of_s3_that_leaves_open_where_a_bucket_is_is_told_as_what_it_is(
    bundles: Bundles, unpacked: dict[Path, Path]
) -> None:
    """Botocore then asks S3 for the bucket's region by a call that no adapter makes."""
    folder = unpacked[bundles.of("audit_session").path]
    code = f"""
import sys
sys.path.insert(0, {str(folder)!r})
from types import SimpleNamespace
import botocore.session
from botocore.exceptions import ClientError
session = botocore.session.Session()
s3 = session.create_client("s3", "eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
answer = SimpleNamespace(status_code=400, content=b"", text="", headers={{}}, raw=None)
s3.meta.events.register("before-send", lambda **_: answer)
try:
    s3.head_object(Bucket="archive", Key="k")
except ClientError as error:
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400
else:
    raise AssertionError
"""
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
