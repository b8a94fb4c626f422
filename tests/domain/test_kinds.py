"""The table of kinds: what the core knows of each, and that nothing else knows more."""

import ast
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pam.domain.kinds import KINDS, Kind, LeaseForm, SignIn, kind_of, label

LAMBDAS = Path(__file__).resolve().parent.parent.parent / "lambdas"
ROLE = KINDS["aws-role"]


def test_a_row_stands_under_its_own_name_and_has_a_folder_of_its_own() -> None:
    assert {name: kind.name for name, kind in KINDS.items()} == {name: name for name in KINDS}
    folders = [kind.folder for kind in KINDS.values()]
    assert len(set(folders)) == len(folders)
    for folder in folders:
        path = LAMBDAS.joinpath(*folder.split("."))
        assert {"__init__.py", "catalogue.py", "issuer.py"} <= {f.name for f in path.iterdir()}


@pytest.mark.parametrize("path", sorted(LAMBDAS.rglob("*.py")), ids=str)
def test_only_the_table_and_a_kinds_own_folder_name_a_kind(path: Path) -> None:
    if path.name == "kinds.py" or "kinds" in path.relative_to(LAMBDAS).parts:
        return
    texts = {
        node.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
    }
    assert not texts & set(KINDS)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_deadline_is_long_enough_to_be_met(kind: Kind) -> None:
    deadlines = kind.deadlines
    assert timedelta(seconds=30) <= deadlines.ending <= deadlines.stuck
    assert deadlines.making >= timedelta(minutes=1)


def test_the_home_of_pam_names_a_target_where_the_catalogue_says_no_other() -> None:
    home = {"account": "111122223333", "region": "eu-west-1"}
    role = {"role_name": "ledger"}
    assert ROLE.named(role, **home) == {
        "account": "111122223333",
        "region": "eu-west-1",
        "arn": "arn:aws:iam::111122223333:role/ledger",
    }
    elsewhere = role | {"account": "444455556666", "region": "eu-north-1"}
    assert ROLE.named(elsewhere, **home) == {
        "account": "444455556666",
        "region": "eu-north-1",
        "arn": "arn:aws:iam::444455556666:role/ledger",
    }


def test_a_setting_is_text_and_no_template() -> None:
    named = ROLE.named({"role_name": "{account}"}, account="1", region="r")
    assert named["arn"].endswith("role/{account}")


def test_a_label_means_one_target() -> None:
    arn = "arn:aws:iam::111122223333:role/ledger"
    assert label("aws-role", {"account": "111122223333", "arn": arn}) == arn
    labels = [
        label("group", {"org": "a", "group": "b"}),
        label("group", {"org": "a", "group": 'b","x":"'}),
        label("group", {"org": "a"}),
        label("other", {"org": "a", "group": "b"}),
    ]
    assert len(set(labels)) == len(labels)
    assert label("group", {"group": "b", "org": "a"}) == labels[0]


@pytest.mark.parametrize("name", ["kind", "settings"])
def test_no_name_of_a_target_hides_what_it_is_stored_with(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        replace(ROLE, names={name: "{role_name}"})


def test_where_to_sign_in_is_said_by_standing_kinds_and_by_no_other() -> None:
    with pytest.raises(ValueError, match="sign_in"):
        replace(ROLE, sign_in=SignIn(instructions="go there"))
    with pytest.raises(ValueError, match="sign_in"):
        replace(ROLE, lease=LeaseForm.SIGNIN)


def test_a_name_that_is_not_in_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="oracle"):
        kind_of("oracle")
