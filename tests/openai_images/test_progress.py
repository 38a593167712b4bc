"""How fast the tasks of a batch or a queue end, and when the rest may be done."""

from __future__ import annotations

import pytest
from openai_images.messages import MESSAGES
from openai_images.progress import Throughput

from shared.i18n.catalog import Catalog


@pytest.mark.parametrize(
    ("done", "at_start", "now", "text"),
    [
        (0, 0, 100.0, "0 of 10 done after 0 s, - per minute, time left not known yet"),
        (2, 2, 130.0, "2 of 10 done after 30 s, - per minute, time left not known yet"),
        (4, 2, 130.0, "4 of 10 done after 30 s, 4.0 per minute, about 90 s left"),
        (10, 0, 160.0, "10 of 10 done after 60 s, 10.0 per minute, about 0 s left"),
    ],
)
def test_rate_and_time_left_count_only_what_ended_in_this_run(
    done: int, at_start: int, now: float, text: str
) -> None:
    facts = Throughput(10, at_start, started=100.0).facts(done, now)
    assert Catalog("en", MESSAGES).format("batch_progress", **facts) == text
