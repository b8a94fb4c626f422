"""Which channels of Slack hear of what."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """`slack:` in the catalogue: ids of channels. Where none is named nothing is posted."""

    operators: str = ""
    """Where operators hear of what needs them; empty for nowhere."""
    domains: Mapping[str, str] = field(default_factory=dict)
    """By domain."""
    resources: Mapping[str, str] = field(default_factory=dict)
    """By id of the resource: in place of its domain's."""

    def of(self, resource_id: str, domain: str) -> str:
        """Where a request for the resource is posted; empty for nowhere."""
        return self.resources.get(resource_id) or self.domains.get(domain, "")
