"""The behaviour that a test plans for a simulated service's next requests."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.providers.reply import Fault, Reply

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One departure from the service's true answer; what is left out stays true.

    `body` replaces it (bytes as they are, anything else as JSON), `fields` replaces top-level members of it.
    `charge` says whether a paid request is carried out and charged before the reply goes wrong;
    left out, everything is charged but a 4xx status and CLOSE_BEFORE_READING. `delay` is in seconds. `raw` are the
    bytes of a whole answer, head included, after which the connection is closed.
    """

    fault: Fault | None = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    charge: bool | None = None
    delay: float = 0.0
    raw: bytes | None = None

    @property
    def charges(self) -> bool:
        """Whether the paid request is carried out."""
        if self.charge is not None:
            return self.charge
        return self.fault is not Fault.CLOSE_BEFORE_READING and not 400 <= (self.status or 200) < 500

    def alter(self, true: Reply) -> Reply:
        """Return the true reply with this plan's departures."""
        body = true.body
        if isinstance(self.body, bytes):
            body = self.body
        elif self.body is not None:
            body = json.dumps(self.body).encode()
        elif self.status is not None and self.status >= 400:
            body = json.dumps({"message": f"the test planned status {self.status}"}).encode()
        elif self.fields:
            body = json.dumps({**json.loads(body), **self.fields}).encode()
        return dataclasses.replace(
            true,
            status=self.status or true.status,
            headers={**true.headers, **self.headers},
            body=body,
            fault=self.fault if self.raw is None else Fault.CLOSE_AFTER_ANSWER,
            delay=self.delay,
            raw=self.raw,
        )
