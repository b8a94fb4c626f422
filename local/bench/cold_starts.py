"""What a cold start costs each function, beside a function that does next to nothing.

Both are new processes that see their own bundle and no
more, turn by turn, with AWS at a socket of this machine. Measured is CPU time from the start of the
interpreter: to the end of the imports, and to the first answer of the function's commonest event.
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from local.bench.cold_functions import Act, ColdFunctions, Run, acts, fresh
from local.bench.figure import MEGABYTES, SECONDS, Figure
from local.bench.small_aws import SmallAws
from pam.policy.compiler import read
from stacks.bundle_contents import NEEDS
from stacks.bundling import ROOT, BundleTarget, build_bundles
from stacks.config import BundleMode, BundlePlatform

_RUNS = 9
_HEAVY = frozenset({"cedarpy", "cryptography", "psycopg", "pydantic_core"})
"""What takes long to load: the note says which of it a function did."""
_IMPORTS_BAR = {True: 2.0, False: 1.3}
_ANSWER_BAR = {True: 1.6, False: 1.2}
"""By whether the function needs Cedar, a database driver, the web's edge or signatures."""
_IMPORTS_BOUND = "The reference loads boto3 alone and has no classes of its own."
_ANSWER_BOUND = "The reference loads boto3 alone, has no classes of its own and makes one call."
_SPREAD_BOUND = f"{_ANSWER_BOUND} What waits to be sealed is asked for in each of its partitions."
_MOST_WITHOUT_A_DRIVER = 35.0
_BARE = """\
import boto3

def handler(event, context):
    table = {"TableName": "sessions", "Key": {"pk": {"S": "a"}, "sk": {"S": "b"}}}
    return boto3.client("dynamodb").get_item(**table)
"""
_OF_BOTO3 = ("boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3")


def bench(_: object, runs: int = _RUNS) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="pam-cold-") as folder:
        shipped = Shipped(Path(folder))
        bare = _bare_function(Path(folder) / "bare")
        aws = SmallAws()
        with aws.open():
            functions = ColdFunctions(aws, shipped.folder)
            for act in acts(functions, aws).values():
                yield from _cold_start(act, functions, bare, aws, runs)
        yield from shipped.sizes(bare)


def _cold_start(
    act: Act, functions: ColdFunctions, bare: Path, aws: SmallAws, runs: int
) -> Iterator[Figure]:
    ours, theirs = list[Run](), list[Run]()
    # The first of each is thrown away: it reads its files from the disk.
    for turn in range(runs + 1):
        beside = fresh(bare, "bare", {}, aws, {})
        with aws.holding(act.kept):
            own = functions.run(act)
        if turn:
            theirs.append(beside)
            ours.append(own)
    heavy = NEEDS[act.handler]
    loaded = ", ".join(sorted(ours[0].packages & _HEAVY))
    answers = _SPREAD_BOUND if act.handler == "checkpoint_log" else _ANSWER_BOUND
    for what, bars, reference, bound in (
        ("imported", _IMPORTS_BAR, "import boto3", _IMPORTS_BOUND),
        ("answered", _ANSWER_BAR, "one boto3 client, one call", answers),
    ):
        yield Figure(
            name=f"{act.name}: {what}",
            value=_median(ours, what),
            unit=SECONDS,
            reference=f"{reference} (processor time)",
            reference_value=_median(theirs, what),
            bar=bars[bool(heavy)],
            bound=bound,
            runs=runs,
            note=loaded,
        )


def _median(runs: list[Run], what: str) -> float:
    return statistics.median(float(getattr(run, what)) for run in runs)


class Shipped:
    """The bundles as a deployment to this machine ships them, unpacked."""

    def __init__(self, folder: Path) -> None:
        policy = read(ROOT / "policy", ROOT / "local" / "identities.yaml", account="000000000000")
        self._bundles = build_bundles(
            BundleTarget.of(BundlePlatform.HOST),
            policy_json=policy.compiled.to_json(),
            mode=BundleMode.BUILD,
        )
        self._folder = folder

    def folder(self, handler: str) -> Path:
        archive = self._bundles.of(handler).path
        unpacked = self._folder / archive.stem
        if not unpacked.exists():
            with zipfile.ZipFile(archive) as bundle:
                bundle.extractall(unpacked)
        return unpacked

    def sizes(self, bare: Path) -> Iterator[Figure]:
        """In megabytes, unzipped; the bar is one of megabytes, said as a ratio."""
        reference = _megabytes(bare)
        for needs, bundle in sorted(
            self._bundles.by_needs.items(), key=lambda each: sorted(each[0])
        ):
            with zipfile.ZipFile(bundle.path) as archive:
                size = sum(entry.file_size for entry in archive.infolist()) / 1e6
            yield Figure(
                name=bundle_figure(needs),
                value=size,
                unit=MEGABYTES,
                reference="boto3 as installed, with its bytecode",
                reference_value=reference,
                bar=None if "database" in needs else _MOST_WITHOUT_A_DRIVER / reference,
                runs=1,
                note=", ".join(sorted(name for name, of in NEEDS.items() if of == needs)),
            )


def bundle_figure(needs: Iterable[str]) -> str:
    """What the size of the bundle with these needs is called."""
    return f"bundle: {', '.join(sorted(needs)) or 'plain'}"


def _megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def _bare_function(folder: Path) -> Path:
    """With boto3 as it is installed, and its bytecode beside it."""
    folder.mkdir()
    for name in _OF_BOTO3:
        installed = metadata.distribution(name)
        for file in installed.files or ():
            here = Path(str(installed.locate_file(file)))
            if ".." in file.parts or not here.is_file() or here.suffix == ".pyc":
                continue
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(here, folder / file)
    (folder / "bare.py").write_text(_BARE)
    command = [getattr(sys, "_base_executable", sys.executable), "-m", "compileall", "-q"]
    subprocess.run([*command, str(folder)], check=True, env={})
    return folder
