"""The deployment package: what is in it, and that equal input gives equal bytes."""

import gzip
import json
import platform
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.loaders import Loader

from stacks import bundling, thinning
from stacks.bundle_contents import BOTO_CALLS, kept_calls
from stacks.bundling import Bundle, BundleError, BundleTarget, build_bundles
from stacks.config import BundleMode, BundlePlatform

TARGET = BundleTarget.of(BundlePlatform.AWS_ARM64)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(bundling, "CACHE", tmp_path / "cache")
    return tmp_path / "cache"


PLAIN = "tick"
_A_MODEL = b'{"operations": {}, "shapes": {}}'


def build_bundle(target: BundleTarget, *, policy_json: str, mode: BundleMode) -> Bundle:
    return build_bundles(target, policy_json=policy_json, mode=mode).of(PLAIN)


def _installer(folder: Path, script: str) -> Path:
    """A stand-in for uv: nothing is downloaded in these tests."""
    uv = folder / "uv"
    uv.write_text(f"#!/bin/sh\n{script}\n")
    uv.chmod(0o755)
    return uv


def test_aws_gets_arm_and_its_python() -> None:
    assert TARGET.python == "3.14"
    assert TARGET.machine == "arm64"
    assert TARGET.wheels.startswith("aarch64-")


def test_the_host_bundle_is_for_this_interpreter() -> None:
    target = BundleTarget.of(BundlePlatform.HOST)

    assert target.python == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert (target.machine == "arm64") is (platform.machine().lower() in {"aarch64", "arm64"})
    assert not target.wheels


def test_the_package_holds_the_functions_and_the_compiled_policy(project: Path) -> None:
    bundle = build_bundle(TARGET, policy_json='{"a":1}', mode=BundleMode.SKIP)

    with zipfile.ZipFile(bundle.path) as archive:
        names = set(archive.namelist())
        assert archive.read("policy.json") == b'{"a":1}'
    handlers = {path.name for path in (project / "lambdas").glob("*.py")}
    assert handlers <= names
    assert "pam/names.py" in names
    assert not any("__pycache__" in name or "/." in name for name in names)


def test_equal_input_gives_equal_bytes_and_another_policy_another_package(cache: Path) -> None:
    first = build_bundle(TARGET, policy_json="{}", mode=BundleMode.SKIP)
    content = first.path.read_bytes()
    first.path.unlink()
    again = build_bundle(TARGET, policy_json="{}", mode=BundleMode.SKIP)
    other = build_bundle(TARGET, policy_json="[]", mode=BundleMode.SKIP)

    assert again.path.read_bytes() == content
    assert again.digest == first.digest != other.digest
    assert not list(cache.glob("*.tmp"))


def test_dependencies_are_installed_once_for_a_lock_file_and_a_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "lambda.txt"
    lock.write_text("x==1\n")
    calls = tmp_path / "calls"
    uv = _installer(tmp_path, f'echo "$@" >> {calls}')
    monkeypatch.setattr(bundling, "LOCK_FILE", lock)
    monkeypatch.setattr(bundling, "ROOT", tmp_path)
    monkeypatch.setattr(bundling, "_uv", lambda: str(uv))
    # To compile all sources of the functions takes longer than all else here, and is not looked at.
    monkeypatch.setattr(bundling, "SOURCES", tmp_path / "sources")
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "tick.py").touch()

    for policy in ("{}", "[]"):
        build_bundle(TARGET, policy_json=policy, mode=BundleMode.BUILD)
    assert len(_installations(calls)) == 1
    build_bundle(BundleTarget.of(BundlePlatform.HOST), policy_json="{}", mode=BundleMode.BUILD)
    lock.write_text("x==2\n")
    build_bundle(TARGET, policy_json="{}", mode=BundleMode.BUILD)

    commands = _installations(calls)
    assert len(commands) == 3
    for command in commands:
        assert "--require-hashes" in command
        assert "--only-binary :all:" in command


@pytest.mark.parametrize("name", ["bundling.py", "bytecode.mjs", "bytecode.py", "thinning.py"])
def test_what_was_packed_by_other_code_is_packed_anew(
    tmp_path: Path, project: Path, name: str
) -> None:
    """Each of these may make something else of the same input."""
    shutil.copytree(project / "stacks", tmp_path / "stacks")
    with (tmp_path / "stacks" / name).open("a", encoding="utf-8") as code:
        code.write("# changed\n")
    assert _recipe(tmp_path, project) != bundling._RECIPE


def _recipe(root: Path, project: Path) -> str:
    """As the code below `root` names what it has packed."""
    command = [sys.executable, "-c", "from stacks import bundling; print(bundling._RECIPE)"]
    path = {"PYTHONPATH": f"{root}:{project / 'lambdas'}"}
    return subprocess.run(
        command, cwd=root, env=path, check=True, capture_output=True, text=True
    ).stdout.strip()


def _installations(calls: Path) -> list[str]:
    """Beside them uv is asked for an interpreter."""
    return [line for line in calls.read_text().splitlines() if line.startswith("pip install")]


def test_an_installation_that_fails_is_told_in_one_line_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    lock = tmp_path / "lambda.txt"
    lock.write_text("x==1\n")
    uv = _installer(tmp_path, "printf 'no wheel\\nfor x' >&2; exit 2")
    monkeypatch.setattr(bundling, "LOCK_FILE", lock)
    monkeypatch.setattr(bundling, "ROOT", tmp_path)
    monkeypatch.setattr(bundling, "_uv", lambda: str(uv))

    with pytest.raises(BundleError) as caught:
        build_bundle(TARGET, policy_json="{}", mode=BundleMode.BUILD)

    assert "no wheel for x" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list(cache.iterdir()) == []


def test_a_missing_lock_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundling, "ROOT", tmp_path)
    monkeypatch.setattr(bundling, "LOCK_FILE", tmp_path / "requirements" / "lambda.txt")

    with pytest.raises(BundleError, match=r"requirements/lambda.txt is missing"):
        build_bundle(TARGET, policy_json="{}", mode=BundleMode.BUILD)


def test_only_what_a_function_loads_is_packed(tmp_path: Path) -> None:
    kept = ["botocore/data/endpoints.json", "x/__init__.py", "x-1.dist-info/METADATA"]
    kept += ["x-1.dist-info/RECORD"]
    packed = "botocore/data/sts/2011/service-2.json.gz"
    dropped = ["botocore/data/ec2/2016/service-2.json.gz", "x-1.dist-info/WHEEL"]
    dropped += ["x/tests/test_x.py", "x/__pycache__/x.pyc", "bin/x", ".lock"]
    for name in [*kept, packed, *dropped]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(gzip.compress(_A_MODEL) if name.endswith(".gz") else b"")
    (tmp_path / "botocore/data/endpoints.json").write_text('{"partitions": []}')

    thinning.thin_out(tmp_path)

    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {*kept, packed.removesuffix(".gz")}


def test_models_lose_their_prose_and_nothing_else(tmp_path: Path) -> None:
    """A field of some request may be called `documentation`: its shape is no prose."""
    shape = {"shape": "A"}
    model = {
        "operations": {
            "AssumeRole": {"name": "Get", "documentation": "<p>words</p>", "input": shape},
            "GetFederationToken": {"name": "Nobody's"},
        },
        "clientContextParams": {"Fast": {"documentation": "botocore reads this"}},
        "shapes": {
            "A": {"members": {"documentation": {"shape": "B", "documentation": "words"}}},
            "Unused": {},
        },
    }
    path = tmp_path / "botocore/data/sts/2011/service-2.json.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.compress(json.dumps(model).encode()))

    thinning.thin_out(tmp_path)

    said = json.loads(path.with_suffix("").read_text())
    assert said == {
        "operations": {"AssumeRole": {"name": "Get", "input": shape}},
        "clientContextParams": {"Fast": {"documentation": "botocore reads this"}},
        "shapes": {"A": {"members": {"documentation": {"shape": "B"}}}},
    }


def test_what_is_thinned_out_is_a_copy(tmp_path: Path) -> None:
    """An installer links files to its cache, from which every other environment is made."""
    cached = tmp_path / "cached.json"
    cached.write_text('{"shapes": {"documentation": "words"}, "partitions": []}')
    data = tmp_path / "folder" / "botocore" / "data"
    data.mkdir(parents=True)
    (data / "endpoints.json").hardlink_to(cached)

    thinning.thin_out(tmp_path / "folder")

    assert json.loads((data / "endpoints.json").read_text()) == {"partitions": [], "shapes": {}}
    assert json.loads(cached.read_text())["shapes"] == {"documentation": "words"}


@pytest.mark.parametrize("service", BOTO_CALLS)
def test_a_client_of_thinned_data_is_the_client_of_whole_data(service: str, tmp_path: Path) -> None:
    whole = Path(botocore.__file__).parent / "data"
    thin = tmp_path / "botocore" / "data"
    shutil.copytree(whole / service, thin / service)
    for common in whole.glob("*.json"):
        shutil.copy(common, thin)
    thinning.thin_out(tmp_path)
    for region in ("eu-west-1", "cn-north-1", "eusc-de-east-1"):
        first, second = (_client(service, region, data) for data in (whole, thin))
        for each in (first, second):
            model = each.meta.service_model
            assert isinstance(model.client_context_parameters, list)
            for name in model.operation_names:
                assert model.operation_model(name).context_parameters is not None
        assert second.meta.endpoint_url == first.meta.endpoint_url
        called = {
            name: call
            for name, call in first.meta.method_to_api_mapping.items()
            if call in kept_calls(service)
        }
        assert second.meta.method_to_api_mapping == called
        assert {_forms(first, call) == _forms(second, call) for call in called.values()} == {True}
        assert second._request_signer.region_name == first._request_signer.region_name


def _forms(client: Any, call: str) -> Any:
    """What is sent, answered and raised, to the last member."""
    told: dict[str, Any] = {}

    def tell(shape: Any) -> None:
        if shape is not None and shape.name not in told:
            members = dict(getattr(shape, "members", {}))
            members |= {name: getattr(shape, name, None) for name in ("member", "key", "value")}
            told[shape.name] = (
                shape.type_name,
                dict(shape.serialization),
                dict(shape.metadata),
                {name: member.name for name, member in members.items() if member is not None},
            )
            for member in members.values():
                tell(member)

    model = client.meta.service_model.operation_model(call)
    for shape in (model.input_shape, model.output_shape, *model.error_shapes):
        tell(shape)
    return told


def _client(service: str, region: str, data: Path) -> Any:
    session = botocore.session.Session()
    loader = Loader(extra_search_paths=[str(data)], include_default_search_paths=False)
    session.register_component("data_loader", loader)
    return session.create_client(
        service, region, aws_access_key_id="none", aws_secret_access_key="none"
    )


def test_every_service_that_the_functions_call_has_its_model_in_the_package(project: Path) -> None:
    called = {
        service
        for path in (project / "lambdas").rglob("*.py")
        for service in re.findall(r"client\(\s*\"([a-z0-9-]+)\"", path.read_text())
    }

    assert called
    assert called <= set(BOTO_CALLS)


def test_every_call_that_the_functions_make_is_in_the_package(project: Path) -> None:
    """By the name of the method, wherever a client may be asked for it."""
    callers = [*(project / "lambdas/pam/aws").glob("*.py")]
    callers += (project / "lambdas/pam/identity_center").glob("*.py")
    text = "".join(path.read_text() for path in callers)
    asked = set(re.findall(r"(?:\.|\(\")([a-z0-9]+(?:_[a-z0-9]+)+)", text))
    asked |= set(re.findall(r"(?:client|_client|iam|sts|_logs|_events)\.([a-z]+)\(", text))
    session = botocore.session.Session()
    for service, calls in BOTO_CALLS.items():
        names = session.get_service_model(service).operation_names
        methods = {xform_name(name): name for name in names}
        assert {methods[method] for method in asked & set(methods)} <= {
            *calls,
            *(call for other in BOTO_CALLS.values() for call in other),
        }
        assert {method for method in methods if methods[method] in calls} <= asked


@pytest.mark.parametrize("service", BOTO_CALLS)
def test_an_error_that_adapters_know_by_name_is_known_to_a_client(
    service: str, tmp_path: Path, project: Path
) -> None:
    callers = [*(project / "lambdas/pam/aws").glob("*.py")]
    callers += (project / "lambdas/pam/identity_center").glob("*.py")
    text = "".join(path.read_text() for path in callers)
    named = set(re.findall(r"exceptions\.([A-Za-z]+)", text)) - {"ClientError"}
    whole = Path(botocore.__file__).parent / "data"
    thin = tmp_path / "botocore" / "data"
    shutil.copytree(whole / service, thin / service)
    for common in whole.glob("*.json"):
        shutil.copy(common, thin)
    thinning.thin_out(tmp_path)
    first, second = (_client(service, "eu-west-1", data) for data in (whole, thin))
    errors = {shape.name for shape in first.meta.service_model.error_shapes}
    calls = BOTO_CALLS[service]
    model = first.meta.service_model
    raised = {error.name for call in calls for error in model.operation_model(call).error_shapes}
    for name in named & errors & raised:
        assert getattr(second.exceptions, name)
