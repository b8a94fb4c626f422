"""What a bench finds: a value beside the reference that was measured in the same run."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """`bar` is the ratio that it should be at most; None where nothing is promised."""

    name: str
    value: float
    unit: str
    reference: str
    reference_value: float
    bar: float | None
    runs: int
    note: str = ""

    @property
    def ratio(self) -> float:
        return self.value / self.reference_value
