"""A caller that corrects refused requests: each is recorded, and a signal stops it before the next."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from shared import signals
from shared.errors import InvalidRequest
from shared.paid_request import submit_once
from tests.shared.test_spend import Accepted, Errand

if TYPE_CHECKING:
    from pathlib import Path


def spend(errand: Errand, *, last: bool) -> Accepted:
    return submit_once(errand.task, errand.send, sleep=errand.sleep, on_accepted=lambda _created: None, last=last)


def test_a_corrected_request_counts_one_possible_charge(tmp_path: Path) -> None:
    errand = Errand(tmp_path, InvalidRequest("refused", provider_code="6010"), Accepted())
    with pytest.raises(InvalidRequest):
        spend(errand, last=False)
    assert errand.on_disk == ("refused", "no", 1, 0)
    spend(errand, last=True)
    assert errand.on_disk == ("submitted", "yes", 2, 1)


def test_a_signal_during_a_refused_request_stops_before_the_next(tmp_path: Path) -> None:
    def refuse() -> Accepted:
        signal.raise_signal(signal.SIGTERM)
        raise InvalidRequest("refused")

    errand = Errand(tmp_path, refuse)
    with signals.handle_signals(), pytest.raises(signals.Interrupted) as caught:
        spend(errand, last=False)
    assert caught.value.signal_number == signal.SIGTERM
    assert errand.on_disk == ("refused", "no", 1, 0)
