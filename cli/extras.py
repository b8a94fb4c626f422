"""What an installation may lack: the packages of the extra `policy`, which not everybody needs."""

_POLICY = frozenset({"cedarpy", "cryptography", "pydantic", "yaml"})
"""As they are imported. `pyproject.toml` has them by the names under which they are installed."""


def missing(error: ModuleNotFoundError) -> str | None:
    """What to tell somebody whose command needs the extra; None if it is another module."""
    package = (error.name or "").partition(".")[0]
    if package not in _POLICY:
        return None
    return (
        f"this needs {package}, which comes with the extra `policy`: "
        "uv tool install 'mod046-pam[policy]', or pipx install 'mod046-pam[policy]'"
    )
