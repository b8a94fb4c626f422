"""Files as editors save them, and values as YAML takes them: right, or told what to write."""

import shutil
from pathlib import Path

import pytest

from pam.policy.compiled import PolicyError
from pam.policy.compiler import load
from tests.fakes.story import ROOT

MARK = b"\xef\xbb\xbf"
FILES = sorted(path.name for path in (ROOT / "policy").iterdir())


@pytest.fixture
def policy_dir(tmp_path: Path) -> Path:
    return shutil.copytree(ROOT / "policy", tmp_path / "policy")


def refusal(policy_dir: Path) -> str:
    with pytest.raises(PolicyError) as fault:
        load(policy_dir, policy_dir / "identities.yaml")
    message = str(fault.value)
    assert "\n" not in message
    return message.replace(f"{policy_dir}/", "")


@pytest.mark.parametrize("name", FILES)
def test_a_byte_order_mark_is_no_part_of_a_file(policy_dir: Path, name: str) -> None:
    before = load(policy_dir, policy_dir / "identities.yaml").digest
    path = policy_dir / name
    path.write_bytes(MARK + path.read_bytes().replace(b"\n", b"\r\n"))
    assert load(policy_dir, policy_dir / "identities.yaml").digest == before


EMPTY = {
    "nothing": b"",
    "white space": b" \n\n\n",
    "a mark alone": MARK,
    "comments alone": b"# nothing\n// nothing\n",
}


@pytest.mark.parametrize("case", EMPTY)
@pytest.mark.parametrize("name", FILES)
def test_an_empty_file_is_named_and_not_read_as_no_rules(
    policy_dir: Path, name: str, case: str
) -> None:
    comment = b"#" if name.endswith(".yaml") else b"//"
    lines = [each for each in EMPTY[case].splitlines() if case != "comments alone" or
             each.startswith(comment)]  # fmt: skip
    (policy_dir / name).write_bytes(b"\n".join(lines))
    assert refusal(policy_dir).startswith(f"{name}:1: the file is empty; ")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(("encoding", "says"), [("utf-16", "UTF-8"), ("latin-1", "UTF-8")])
def test_a_file_of_another_encoding_is_told_which_one_to_save_it_in(
    policy_dir: Path, name: str, encoding: str, says: str
) -> None:
    path = policy_dir / name
    text = path.read_text(encoding="utf-8").encode("ascii", "replace").decode()
    path.write_bytes((("# é\n" if name.endswith(".yaml") else "// é\n") + text).encode(encoding))
    message = refusal(policy_dir)
    assert message.startswith(f"{name}:1: ")
    assert says in message


def test_a_directory_in_the_place_of_a_file_is_told(policy_dir: Path) -> None:
    (policy_dir / "catalogue.yaml").unlink()
    (policy_dir / "catalogue.yaml").mkdir()
    assert refusal(policy_dir).startswith("catalogue.yaml:1: the file cannot be read: ")


@pytest.mark.parametrize("text", ["- a\n- b\n", "text\n", "42\n"])
@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("catalogue.yaml", "defaults, break_glass, resources"),
        ("identities.yaml", "groups, identities"),
    ],
)
def test_a_file_without_keys_is_told_which_it_must_have(
    policy_dir: Path, name: str, keys: str, text: str
) -> None:
    (policy_dir / name).write_text(text)
    assert (
        refusal(policy_dir) == f"{name}:1: the file has no keys at its top; it has to have {keys}"
    )


SANDBOX = "role_name: pam-target-core-sandbox-admin"
CORE = 'permission_set: BankCoreEngineer\n    accounts: ["111122223333"]'
# what is written -> file, of what, with what, and the words that say what to do
WRITTEN: dict[str, tuple[str, str, str, str]] = {
    "an account id without quotes": (
        "identities.yaml",
        CORE,
        "permission_set: BankCoreEngineer\n    accounts: [111122223333]",
        'identities.0.accounts.0: put it in quotes, "111122223333": without them YAML reads it as',
    ),
    "an account id that YAML takes for an octal number": (
        "identities.yaml",
        CORE,
        "permission_set: BankCoreEngineer\n    accounts: [000123456701]",
        'put it in quotes, "000123456701": without them YAML reads it as a number',
    ),
    "an account id with underscores": (
        "catalogue.yaml",
        SANDBOX,
        f"{SANDBOX}, account: 1111_2222_3333",
        'put it in quotes, "1111_2222_3333"',
    ),
    "an account id that lost its leading zeros": (
        "catalogue.yaml",
        SANDBOX,
        f'{SANDBOX}, account: "123456701"',
        "an account id has 12 digits, leading zeros among them",
    ),
    "an account id with hyphens": (
        "catalogue.yaml",
        SANDBOX,
        f'{SANDBOX}, account: "1111-2222-3333"',
        "an account id has 12 digits",
    ),
    "an account id in digits of another script": (
        "catalogue.yaml",
        SANDBOX,
        f'{SANDBOX}, account: "{chr(0x661) * 12}"',  # 1, as Arabic writes it
        "an account id has 12 digits",
    ),
    "a user that is a number": (
        "identities.yaml",
        CORE,
        'user: 4711\n    accounts: ["111122223333"]',
        'user: put it in quotes, "4711": without them YAML reads it as a number',
    ),
    "a user that is a no": (
        "identities.yaml",
        CORE,
        'user: no\n    accounts: ["111122223333"]',
        'user: put it in quotes, "no": without them YAML reads it as yes or no',
    ),
    "a title that is a date": (
        "catalogue.yaml",
        "title: Core sandbox",
        "title: 2026-01-31",
        'title: put it in quotes, "2026-01-31": without them YAML reads it as a date',
    ),
    "a title that is nothing": (
        "catalogue.yaml",
        "title: Core sandbox",
        "title:",
        "title: has nothing in it",
    ),
    "a title that has parts": (
        "catalogue.yaml",
        "title: Core sandbox",
        "title: [Core]",
        "title: is text, and nothing that has parts",
    ),
    "a section that is nothing": (
        "catalogue.yaml",
        "defaults:\n  duration: 1h\n  max_duration: 4h\n  approval_window: 4h\n",
        "defaults:\n",
        "defaults: has nothing in it",
    ),
    "a domain in capitals": (
        "catalogue.yaml",
        "domain: bank-core",
        "domain: Bank-Core",
        "domain: a name has 2 to 63 lower-case letters",
    ),
    "a secret by its ARN": (
        "catalogue.yaml",
        "secret: bank/core-ledger-db/pam-issuer",
        "secret: arn:aws:secretsmanager:eu-west-1:111122223333:secret:bank-AbCdEf",
        "it is not the ARN",
    ),
}


@pytest.mark.parametrize("case", WRITTEN)
def test_a_value_that_is_not_taken_is_told_what_to_write(policy_dir: Path, case: str) -> None:
    name, old, new, words = WRITTEN[case]
    path = policy_dir / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    message = refusal(policy_dir)
    assert message.startswith(f"{name}:")
    assert words in message
