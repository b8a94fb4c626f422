"""Who of the local people may do what."""

CORE_APPROVERS = frozenset({"bob", "carol", "erin"})
KYC_APPROVERS = frozenset({"kate", "kurt"})
ENGINEERS = frozenset({"alice", "dave", "kim"})
