"""Imports point one way."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PAM = ROOT / "lambdas" / "pam"


@cache
def importing(path: Path) -> tuple[ast.Import | ast.ImportFrom, ...]:
    """Each statement of the file that imports something, wherever it stands."""
    tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return tuple(node for node in tree if isinstance(node, ast.Import | ast.ImportFrom))


def imports_of(path: Path) -> set[str]:
    found = set()
    for node in importing(path):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def names_imported_by(path: Path) -> set[str]:
    """To the last word: `from pam import wiring` is `pam.wiring`."""
    found = set()
    for node in importing(path):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def files(*packages: str) -> list[Path]:
    return [path for package in packages for path in sorted((PAM / package).rglob("*.py"))]


OF_THE_WORLD = {"os", "time", "uuid", "random", "secrets", "socket", "subprocess", "urllib.request"}
"""Parts of the standard library by which code would know more than it is given."""


def check_pure(path: Path, *known: str) -> None:
    for name in names_imported_by(path):
        if name.split(".")[0] == "pam":
            assert name.startswith(known), name
        else:
            assert name.split(".")[0] in sys.stdlib_module_names, name
            assert not {name, name.split(".")[0], name.rpartition(".")[0]} & OF_THE_WORLD, name


@pytest.mark.parametrize("path", files("domain"), ids=lambda path: path.name)
def test_the_domain_knows_the_standard_library_and_itself(path: Path) -> None:
    check_pure(path, "pam.domain")


@pytest.mark.parametrize("path", files("slack"), ids=lambda path: path.name)
def test_what_is_slacks_knows_the_standard_library_the_domain_and_itself(path: Path) -> None:
    check_pure(path, "pam.domain", "pam.slack")


@pytest.mark.parametrize("path", files("policy", "ports", "kinds"), ids=lambda path: path.name)
def test_policy_ports_and_kinds_know_no_surface(path: Path) -> None:
    assert not {name for name in names_imported_by(path) if name.startswith("pam.slack")}


@pytest.mark.parametrize("path", files("operations"), ids=lambda path: path.name)
def test_operations_know_the_domain_the_policy_and_the_ports(path: Path) -> None:
    allowed = ("pam.domain", "pam.operations", "pam.policy.cedar", "pam.ports", "pam.ids")
    allowed += ("pam.side_by_side",)
    for name in imports_of(path):
        if name.split(".")[0] == "pam":
            assert name.startswith(allowed), name
        else:
            assert name.split(".")[0] in sys.stdlib_module_names, name


@pytest.mark.parametrize("path", files("aws"), ids=lambda path: path.name)
def test_adapters_know_the_domain_and_the_ports(path: Path) -> None:
    allowed = ("pam.domain", "pam.ports", "pam.names", "pam.aws", "pam.side_by_side")
    for name in imports_of(path):
        if name.split(".")[0] == "pam":
            assert name == "pam" or name.startswith(allowed), name


@pytest.mark.parametrize("path", files("painting"), ids=lambda path: path.name)
def test_the_painter_knows_no_adapter_and_no_operation(path: Path) -> None:
    """It paints what stands in the store, and does nothing to it."""
    allowed = ("pam.domain", "pam.names", "pam.painting", "pam.policy", "pam.ports", "pam.slack.")
    for name in names_imported_by(path):
        top = name.split(".")[0]
        if top == "pam":
            assert name.startswith((*allowed, "pam.slack_web.errors")) or name == "pam.slack", name
        else:
            assert top in {*sys.stdlib_module_names, "aws_lambda_powertools"}, name


@pytest.mark.parametrize("path", files("postgres"), ids=lambda path: path.name)
def test_adapters_on_databases_know_the_domain_and_the_ports(path: Path) -> None:
    allowed = ("pam.domain", "pam.ports", "pam.postgres")
    for name in imports_of(path):
        if name.split(".")[0] == "pam":
            assert name.startswith(allowed), name


PURE_IN_IDENTITY_CENTER = {"denies.py", "keeping.py", "permission_set.py", "statements.py"}


@pytest.mark.parametrize("path", files("identity_center"), ids=lambda path: path.name)
def test_the_adapter_on_identity_center_knows_the_domain_the_ports_and_its_table(
    path: Path,
) -> None:
    """The policy, and what is known of it, is a matter of text and time alone."""
    if path.name in PURE_IN_IDENTITY_CENTER:
        check_pure(path, "pam.domain", "pam.identity_center")
        return
    allowed = ("pam.domain", "pam.ports", "pam.identity_center", "pam.aws.permission_set_items")
    for name in imports_of(path):
        if name.split(".")[0] == "pam":
            assert name.startswith(allowed), name


def test_one_file_on_identity_center_knows_what_botocore_raises() -> None:
    importing = [
        path.name
        for path in files("identity_center")
        if any(name.startswith(("boto3", "botocore")) for name in imports_of(path))
    ]
    assert importing == ["asking.py"]


@pytest.mark.parametrize("path", files("kinds"), ids=lambda path: f"{path.parent.name}.{path.name}")
def test_a_kinds_form_knows_no_adapter_and_no_kind_knows_another(path: Path) -> None:
    own = path.relative_to(PAM / "kinds").parts[0]
    for name in imports_of(path):
        if path.name == "catalogue.py":
            assert name == "pam.policy.fields" or not name.startswith("pam"), name
        if name.startswith("pam.kinds."):
            assert name.split(".")[2] in {own, "one_per_person"}, name
        assert not name.startswith("pam.operations"), name


@pytest.mark.parametrize("path", files("slack_edge"), ids=lambda path: path.name)
def test_the_door_of_slack_knows_operations_and_ports_and_no_adapter(path: Path) -> None:
    """Of the way out to Slack it knows what may come of a call: the client takes long to load."""
    allowed = ("pam.domain", "pam.edge", "pam.operations", "pam.policy.cedar", "pam.ports")
    allowed += ("pam.slack.", "pam.slack_edge", "pam.slack_web.errors")
    allowed += ("pam.ids", "pam.names", "pam.side_by_side")
    for name in imports_of(path):
        if name.split(".")[0] == "pam":
            assert name.startswith(allowed) or name == "pam.slack", name
        else:
            known = {*sys.stdlib_module_names, "aws_lambda_powertools"}
            assert name.split(".")[0] in known, name


@pytest.mark.parametrize("path", files("okta"), ids=lambda path: path.name)
def test_what_speaks_to_okta_knows_the_domain_the_ports_and_itself(path: Path) -> None:
    for name in names_imported_by(path):
        top = name.split(".")[0]
        if top == "pam":
            assert name.startswith(("pam.domain.", "pam.ports.", "pam.okta.")), name
        else:
            assert top in {*sys.stdlib_module_names, "cryptography", "urllib3"}, name


def test_one_file_asks_okta_over_http_and_one_signs_for_it() -> None:
    importing = {
        package: [path.name for path in files("okta") if package in tops_of(path)]
        for package in ("urllib3", "cryptography")
    }
    assert importing == {"urllib3": ["transport.py"], "cryptography": ["signing.py"]}


def tops_of(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports_of(path)}


def test_one_file_imports_slacks_client() -> None:
    importing = [
        path.relative_to(ROOT / "lambdas").as_posix()
        for path in sorted((ROOT / "lambdas").rglob("*.py"))
        if any(name.split(".")[0] == "slack_sdk" for name in imports_of(path))
    ]
    assert importing == ["pam/slack_web/client.py"]


def test_only_the_adapters_on_databases_import_the_driver() -> None:
    for path in sorted((ROOT / "lambdas").rglob("*.py")):
        if "postgres" not in path.relative_to(ROOT).parts:
            assert not {n for n in imports_of(path) if n.startswith("psycopg")}, path


def test_only_adapters_import_boto3() -> None:
    for path in sorted((ROOT / "lambdas").rglob("*.py")):
        if not {"aws", "identity_center"} & set(path.relative_to(ROOT).parts):
            assert not {n for n in imports_of(path) if n.startswith(("boto3", "botocore"))}, path


STACKS = sorted((ROOT / "stacks").rglob("*.py"))
SEEN_BY_STACKS = {"names", "settings", "policy", "domain"}


@pytest.mark.parametrize("path", STACKS, ids=lambda path: path.name)
def test_stacks_know_names_settings_the_policy_and_the_domain(path: Path) -> None:
    for name in names_imported_by(path):
        top, _, rest = name.partition(".")
        if top == "pam":
            assert rest.split(".")[0] in SEEN_BY_STACKS, name


def test_a_synthesis_loads_no_adapter_and_no_client_of_aws() -> None:
    """Nor does what it imports: all modules of the stacks, and the compiler with its catalogue."""
    modules = [f"stacks.{path.stem}" for path in STACKS if path.stem != "__init__"]
    code = (
        "import importlib, sys\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        "from stacks.synthesis import ROOT, doubts, read\n"
        "doubts(read(ROOT / 'policy', ROOT / 'policy' / 'identities.yaml'))\n"
        "print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    of_pam = {name.split(".")[1] for name in loaded if name.startswith("pam.")}
    assert "policy" in of_pam
    # The compiler asks each kind for its form in the catalogue.
    assert of_pam <= SEEN_BY_STACKS | {"kinds"}
    assert not {name.split(".")[0] for name in loaded} & {"boto3", "botocore", "psycopg"}


def test_nothing_that_is_deployed_knows_the_local_stack() -> None:
    for folder in ("lambdas", "stacks"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            names = {name.split(".")[0] for name in imports_of(path)}
            assert not names & {"local", "cli", "tests"}, path


TESTS = sorted((ROOT / "tests").rglob("*.py"))
TEST_MODULES = {path.stem for path in TESTS if path.stem.startswith("test_")}


@pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_nobody_imports_a_test_module(path: Path) -> None:
    """What tests share stands beside them: in tests/fakes, or in a module of their own folder."""
    found = [node for node in importing(path) if isinstance(node, ast.ImportFrom)]
    named = {alias.name for node in found for alias in node.names}
    assert not named & TEST_MODULES
    for name in imports_of(path):
        assert not set(name.split(".")) & TEST_MODULES, name
