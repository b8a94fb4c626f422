"""Which `pam` this is."""

import tomllib
from pathlib import Path

_PACKAGE = "mod046-pam"
_PROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"


def version() -> str:
    """Of the installed package; in a repository, what its next package would be."""
    # Slow to load, and needed by nothing else.
    from importlib import metadata

    if _PROJECT.is_file():
        project = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]
        return str(project["version"])
    try:
        return metadata.version(_PACKAGE)
    except metadata.PackageNotFoundError:
        return "unknown"
