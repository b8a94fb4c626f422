"""Builds the package from PAM's own modules: the construct, and whatever that imports.

Each module goes in as it stands, but for the imports: `pam` and `stacks` are names that others may
have, so they stand below `mod046_pam_target_role` there.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

PACKAGE = "mod046_pam_target_role"
FIRST = "stacks.pam_target_role"
REPOSITORY = Path(__file__).resolve().parent.parent.parent
PLACES = {"pam": REPOSITORY / "lambdas", "stacks": REPOSITORY}
OWN_IMPORT = re.compile(rf"^(from|import) (?=(?:{'|'.join(PLACES)})\b)", re.MULTILINE)
FACADE = f"""from {PACKAGE}.{FIRST} import PamTargetRole

__all__ = ["PamTargetRole"]
"""


def source(module: str) -> Path | None:
    """The file of one of PAM's own modules; None for a package, or a module of others."""
    top = module.partition(".")[0]
    if top not in PLACES:
        return None
    path = PLACES[top].joinpath(*module.split(".")).with_suffix(".py")
    return path if path.is_file() else None


def imported(path: Path) -> Iterator[str]:
    """Every module that the file could mean: of `from a import b` both `a` and `a.b`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def needed(first: str = FIRST) -> dict[str, Path]:
    """By module: the file of `first` and of all that it leads to."""
    found: dict[str, Path] = {}
    ahead = [first]
    while ahead:
        module = ahead.pop()
        path = source(module)
        if path is not None and module not in found:
            found[module] = path
            ahead.extend(imported(path))
    return found


class OwnModules(build_py):
    def run(self) -> None:
        super().run()
        into = Path(self.build_lib) / PACKAGE
        for module, path in needed().items():
            target = into.joinpath(*module.split(".")).with_suffix(".py")
            target.parent.mkdir(parents=True, exist_ok=True)
            text = path.read_text(encoding="utf-8")
            target.write_text(OWN_IMPORT.sub(rf"\1 {PACKAGE}.", text), encoding="utf-8")
        for folder in {path.parent for path in into.rglob("*.py")} - {into}:
            (folder / "__init__.py").touch()
        (into / "__init__.py").write_text(FACADE, encoding="utf-8")


setup(packages=[PACKAGE], package_data={PACKAGE: ["py.typed"]}, cmdclass={"build_py": OwnModules})
