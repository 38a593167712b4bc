"""Uploads: several at once, each file once, the same bytes three times at most."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, cast

import pytest
from ima_studio.uploads import AT_ONCE, public_links

from shared.errors import AuthenticationError, BadInput, ReadError
from shared.images.inputs import InputImage, read_input_image
from tests.providers.pictures import make_picture
from tests.shared.fakes import FakeClock

if TYPE_CHECKING:
    from pathlib import Path

    from shared.polling import Deadline


class Store:
    """Takes uploads; `failures` are raised by the first ones."""

    def __init__(self, *failures: Exception, together: int = 1) -> None:
        self._failures = list(failures)
        self._together = threading.Barrier(together)
        self._lock = threading.Lock()
        self.got: list[bytes] = []
        self.busy = self.most_busy = 0

    def upload(self, content: bytes, media_type: str, _seconds: float) -> str:
        with self._lock:
            self.got.append(content)
            self.busy += 1
            self.most_busy = max(self.most_busy, self.busy)
            failure = self._failures.pop(0) if self._failures else None
        self._together.wait(10)
        with self._lock:
            self.busy -= 1
        if failure:
            raise failure
        return f"https://files.example/{len(content)}.{media_type.partition('/')[2]}"


def pictures(folder: Path, count: int) -> tuple[InputImage, ...]:
    for number in range(count):
        (folder / f"{number}.png").write_bytes(make_picture("png", 8 + number, 8, number))
    return tuple(read_input_image("--input-images", str(folder / f"{number}.png")) for number in range(count))


def links(inputs: Any, store: Store, clock: FakeClock | None = None) -> tuple[str, ...]:
    limits: Deadline = (clock or FakeClock()).limits(600.0)
    return public_links(inputs, cast("Any", store), limits)


def test_links_keep_the_order_and_addresses_stay(tmp_path: Path) -> None:
    first, second = pictures(tmp_path, 2)
    found = links((first, "https://example.com/x.png", second, first), store := Store())
    assert found[1] == "https://example.com/x.png"
    assert found[0] == found[3] != found[2]
    assert len(store.got) == 2


def test_nothing_to_upload_is_no_upload() -> None:
    assert links(("https://example.com/x.png",), store := Store()) == ("https://example.com/x.png",)
    assert store.got == []


def test_four_at_once_and_no_more(tmp_path: Path) -> None:
    store = Store(together=AT_ONCE)
    links(pictures(tmp_path, 8), store)
    assert store.most_busy == AT_ONCE == 4


def test_the_same_bytes_three_times_at_most(tmp_path: Path) -> None:
    trouble = [ReadError("read_failed", status=500) for _ in range(3)]
    (one,) = pictures(tmp_path, 1)
    assert links((one,), store := Store(*trouble[:2]))
    assert store.got == [one.path.read_bytes()] * 3
    with pytest.raises(ReadError) as caught:
        links((one,), store := Store(*trouble))
    assert len(store.got) == 3
    assert caught.value.remedy == "again"


def test_a_refused_key_ends_it_at_once(tmp_path: Path) -> None:
    with pytest.raises(AuthenticationError):
        links(pictures(tmp_path, 1), store := Store(AuthenticationError("ima_key_refused")))
    assert len(store.got) == 1


def test_a_file_that_changed_after_it_was_checked_is_not_sent(tmp_path: Path) -> None:
    (one,) = pictures(tmp_path, 1)
    one.path.write_bytes(b"something else")
    with pytest.raises(BadInput) as caught:
        links((one,), store := Store())
    assert (caught.value.code, store.got) == ("reference_changed", [])
