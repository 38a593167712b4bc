"""The charges of the simulated services."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, kw_only=True)
class Charge:
    """One payment; the amount is in the service's own unit, `at` is time.time()."""

    service: str
    task_id: str | None
    amount: Decimal
    fingerprint_of_request: str
    at: float = field(default_factory=time.time)


class Ledger:
    """All payments in order, shared by the server's threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._charges: list[Charge] = []

    def charge(self, charge: Charge) -> None:
        """Write one payment down."""
        with self._lock:
            self._charges.append(charge)

    @property
    def charges(self) -> tuple[Charge, ...]:
        """A copy of what has been charged so far."""
        with self._lock:
            return tuple(self._charges)

    @property
    def total(self) -> Decimal:
        """The sum of all amounts."""
        return sum((charge.amount for charge in self.charges), Decimal(0))

    def __len__(self) -> int:
        return len(self.charges)
