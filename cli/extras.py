"""What an installation may lack: the packages of the extra `policy`, which not everybody needs."""

from cli.problems import Failure

POLICY = frozenset({"cedarpy", "cryptography", "pydantic", "yaml"})
"""As they are imported. `pyproject.toml` has them by the names under which they are installed."""


def missing(error: ModuleNotFoundError) -> Failure | None:
    """What to tell somebody whose command needs the extra; None if it is another module."""
    if (error.name or "").partition(".")[0] not in POLICY:
        return None
    line = (
        f"this needs {error.name}, which comes with the extra `policy`: "
        "uv tool install 'mod046-pam[policy]', or pipx install 'mod046-pam[policy]'"
    )
    return Failure(line)
