"""Which Okta stands beside a stack, and how PAM's keys come to it."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from local import okta_beside, sources
from local.beside import Beside, BesideError
from local.okta import jose
from local.okta.directory import Directory
from local.okta_beside import SERVICE, register_keys
from local.stack import StackError, up
from local.state import ROOT, State

TAKEN = {
    "http://127.0.0.1:9999": "http://127.0.0.1:9999/okta/",
    "http://127.0.0.1:9999/okta/": "http://127.0.0.1:9999/okta/",
    " http://localhost:9999/okta ": "http://localhost:9999/okta/",
}
PEOPLE = ("alice", "bob", "carol", "dave", "erin", "kim", "kate", "kurt", "sam", "ada", "load01")
REFUSED = [
    "https://bank.okta.com",
    "http://bank.okta.com:80/okta/",
    "http://10.0.0.1:9999",
    "http://127.0.0.1.evil.example:9999/okta/",
    "http://127.0.0.1:9999@evil.example/okta/",
    "http://0.0.0.0:9999",
    "127.0.0.1:9999",
    "file:///etc/passwd",
    "http://127.0.0.1:9999/another/place",
    "okta",
]


@pytest.mark.parametrize("said", TAKEN)
def test_an_address_of_this_machine_takes_the_fakes_place(
    said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SERVICE.variable, said)
    there = okta_beside.start(State(tmp_path))
    assert there == Beside(url=TAKEN[said], control_url=None, process=None)
    assert there.about() == {"url": TAKEN[said]}
    with pytest.raises(BesideError, match="no Okta of its own"):
        okta_beside.control_of(State(tmp_path))


@pytest.mark.parametrize("said", REFUSED)
def test_any_other_address_is_refused_and_nothing_is_started(
    said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAM_LOCAL_OKTA_URL", said)
    with pytest.raises(StackError, match="PAM_LOCAL_OKTA_URL"):
        up(tmp_path / "stack", tell=lambda _: None)
    assert not (tmp_path / "stack").exists()


def test_what_is_deployed_names_what_is_in_the_directory() -> None:
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    told = context["environments"]["local"]["okta"]
    assert told["api_url"] == SERVICE.unplaced
    assert [told["issuer_client_id"], told["revoker_client_id"]] == [*okta_beside.APPS.values()]
    catalogue = yaml.safe_load((ROOT / "policy" / "catalogue.yaml").read_text())
    named = {it["id"]: it["issuer"] for it in catalogue["resources"]}
    lent = named["core-support-admins"]
    directory = Directory()
    assert lent["organisation"] == directory.organisation
    assert directory.groups[lent["group"]].type == "OKTA_GROUP"
    for who in PEOPLE:
        assert directory.user(told["login"].replace("{person}", who)) is not None


@pytest.mark.parametrize("changed", ["okta/directory.yaml", "okta/service.py", "okta_beside.py"])
def test_a_stack_with_another_okta_is_brought_up_anew(
    changed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / "local" / "okta", tmp_path / "local" / "okta")
    shutil.copy(ROOT / "local" / "okta_beside.py", tmp_path / "local")
    monkeypatch.setattr(sources, "ROOT", tmp_path)
    before = sources.digest_of_surroundings()
    with (tmp_path / "local" / changed).open("a") as file:
        file.write("\n")
    assert sources.digest_of_surroundings() != before


def test_pams_two_apps_have_their_group_and_no_other() -> None:
    apps = Directory().apps
    assert apps.keys() == set(okta_beside.APPS.values())
    assert {tuple(it.manages) for it in apps.values()} == {("00gsupportadmins0001",)}
    assert not any(it.super_admin for it in apps.values())


class Kms:
    """Gives each alias a key of its own, as KMS does: its id is not its alias."""

    def __init__(self) -> None:
        self.keys = {
            f"alias/pam-local-okta-{power}": ec.generate_private_key(ec.SECP256R1())
            for power in okta_beside.APPS
        }

    def get_public_key(self, *, KeyId: str) -> dict[str, Any]:  # noqa: N803 - as boto3 has it
        key = self.keys[KeyId].public_key()
        der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        arn = f"arn:aws:kms:us-east-1:000000000000:key/of-{KeyId.rpartition('-')[2]}"
        return {"KeyId": arn, "PublicKey": der}


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[tuple[State, Beside]]:
    state = State(tmp_path)
    there = okta_beside.start(state)
    yield state, there
    assert there.process is not None
    there.process.end()


@pytest.mark.enable_socket
def test_the_public_halves_of_pams_keys_come_into_its_two_apps_each_into_its_own(
    stack: tuple[State, Beside], monkeypatch: pytest.MonkeyPatch
) -> None:
    state, there = stack
    kms = Kms()
    monkeypatch.setattr(okta_beside, "root_client", lambda *_: kms)
    register_keys(state, there, "http://127.0.0.1:9")
    control = okta_beside.control_of(state)
    for power, client_id in okta_beside.APPS.items():
        keys = control.call("keys", client_id=client_id)["keys"]
        assert [it["kid"] for it in keys] == [f"of-{power}"]
        numbers = kms.keys[f"alias/pam-local-okta-{power}"].public_key().public_numbers()
        assert keys[0]["x"] == jose.encoded(numbers.x.to_bytes(32, "big"))
    assert there.about()["control_url"].startswith("http://127.0.0.1:")


def test_an_okta_that_is_not_ours_is_given_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(*_: str) -> None:
        raise AssertionError

    monkeypatch.setattr(okta_beside, "root_client", nobody)
    register_keys(
        State(tmp_path), Beside(url="http://127.0.0.1:1/okta/", control_url=None, process=None), ""
    )
