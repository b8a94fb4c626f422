"""What a reader must know of the machine to place absolute figures: no name of it, and no path."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_CPUS = Path("/proc/cpuinfo")


def describe() -> dict[str, Any]:
    return {
        "cores": os.cpu_count() or 0,
        "cpu": _model(_CPUS.read_text(encoding="utf-8") if _CPUS.exists() else ""),
        "system": platform.system(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "measured_on": datetime.now(UTC).date().isoformat(),
    }


def _model(cpuinfo: str) -> str:
    """The processor's own name; empty where the system does not say."""
    for line in cpuinfo.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return ""
