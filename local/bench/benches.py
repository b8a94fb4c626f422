"""The benches that there are. To add one is a line here, and `make bench` runs it."""

from collections.abc import Mapping

from local.state import ROOT

BENCHES: Mapping[str, str] = {
    "cold-starts": "local.bench.cold_starts:bench",
    "command": "local.bench.command:bench",
    "flat": "local.bench.flat:bench",
    "slack": "local.bench.slack:bench",
    "people": "local.bench.people:bench",
    "databases": "local.bench.databases:bench",
    "standing": "local.bench.standing:bench",
    "throughput": "local.bench.throughput:bench",
    "audit": "local.bench.audit:bench",
    "demo": "local.bench.demo:bench",
}
"""By name, in the order in which they run: module and function, which is given a `Place` and yields
figures and breakdowns. Each is loaded when it runs.
"""

KEPT = ROOT / "docs" / "benchmarks"
"""A JSON file for each, as its last run left it."""
