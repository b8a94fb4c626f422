"""The README's guarantees, each with the tests that bear its mark.

`python -m documents.guarantees` prints it; `docs/guarantees.md` is what it printed last, and a
test holds that it still would.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_HEAD = """# What PAM guarantees, and the tests that show it

Written by `make guarantees` from the README's sentences and the marks of the tests.
"""


def promised() -> dict[str, str]:
    """The README's sentence for each id."""
    readme = (_ROOT / "README.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^\| (G\d+) \| (.+) \|$", readme, flags=re.MULTILINE))


def borne() -> dict[str, list[str]]:
    """`file::test` of each test that `@pytest.mark.guarantee(id)` marks, itself or by its file."""
    found: dict[str, list[str]] = {}
    for path in sorted((_ROOT / "tests").rglob("test_*.py")):
        module = ast.parse(path.read_text(encoding="utf-8"))
        of_all = [i for s in module.body if _is_pytestmark(s) for i in _ids(s)]
        for node in module.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                of_this = [i for decorator in node.decorator_list for i in _ids(decorator)]
                for guarantee in {*of_all, *of_this}:
                    name = f"{path.relative_to(_ROOT).as_posix()}::{node.name}"
                    found.setdefault(guarantee, []).append(name)
    return found


def render() -> str:
    tests = borne()
    parts = [
        "\n".join(
            [f"## {guarantee}", "", sentence, "", *(f"- `{t}`" for t in tests.get(guarantee, []))]
        )
        for guarantee, sentence in promised().items()
    ]
    return "\n\n".join([_HEAD.rstrip(), *parts]) + "\n"


def _is_pytestmark(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Assign) and any(
        isinstance(target, ast.Name) and target.id == "pytestmark" for target in statement.targets
    )


def _ids(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "guarantee"
        ):
            yield from (str(a.value) for a in node.args if isinstance(a, ast.Constant))


if __name__ == "__main__":
    print(render(), end="")
