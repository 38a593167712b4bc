"""Part files are new, are known by their identity, and are removed without following anything."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from shared.part_files import PartFile, remove_left_over_parts

if TYPE_CHECKING:
    from pathlib import Path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_part_is_private_and_gone_unless_it_was_moved(tmp_path: Path) -> None:
    with PartFile.create(tmp_path / "cat") as part:
        assert stat.S_IMODE(part.path.stat().st_mode) == 0o600
        part.file.write(b"cat")
    assert names(tmp_path) == []
    with PartFile.create(tmp_path / "cat") as part:
        part.file.write(b"cat")
        assert part.move_to(tmp_path / "cat.png") == tmp_path / "cat.png"
    assert (tmp_path / "cat.png").read_bytes() == b"cat"


def test_no_two_parts_have_one_name(tmp_path: Path) -> None:
    with (
        PartFile.create(tmp_path / "cat", alone=False) as first,
        PartFile.create(tmp_path / "cat", alone=False) as two,
    ):
        assert first.path != two.path
        assert len(names(tmp_path)) == 2


def test_only_the_left_over_parts_of_the_same_target_are_removed(tmp_path: Path) -> None:
    code = "0123456789abcdef"
    kept = [
        f".cats.{code}.part",
        f".cat.{code}.part.png",
        ".cat.part",
        f"cat.{code}.part",
        f".cat.{code[1:]}.part",
    ]
    for name in [*kept, f".cat.{code}.part", f".cat.{code[::-1]}.part"]:
        (tmp_path / name).write_bytes(b"half")
    (tmp_path / f".cat.{'a' * 16}.part").symlink_to(tmp_path / "cat")
    (tmp_path / f".cat.{'b' * 16}.part").mkdir()
    remove_left_over_parts(tmp_path / "cat")
    assert names(tmp_path) == sorted([*kept, f".cat.{'a' * 16}.part", f".cat.{'b' * 16}.part"])


def test_a_part_that_was_exchanged_is_not_moved(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    with PartFile.create(tmp_path / "cat") as part:
        part.path.unlink()
        part.path.symlink_to(tmp_path / "secret")
        with pytest.raises(OSError, match="Stale"):
            part.move_to(tmp_path / "cat.png")
    assert names(tmp_path) == ["secret"]


@pytest.mark.parametrize("change", ["link", "hard link", "exchange", "pipe", "name", "other target"])
def test_a_kept_part_is_continued_only_while_it_is_the_same_file(tmp_path: Path, change: str) -> None:
    target, other = tmp_path / "clip", tmp_path / "other"
    part = PartFile.create(target)
    part.file.write(b"half")
    part.file.close()
    name = part.path.name
    reopened = PartFile.reopen(target, name, part.identity)
    assert reopened.file.read() == b"half"
    reopened.file.close()
    other.write_bytes(b"other")
    if change in {"link", "exchange", "pipe"}:
        part.path.rename(tmp_path / "aside")
    if change == "link":
        part.path.symlink_to(tmp_path / "aside")
    elif change == "hard link":
        (tmp_path / "second").hardlink_to(part.path)
    elif change == "exchange":
        part.path.write_bytes(b"half")
    elif change == "pipe":
        os.mkfifo(part.path)
    elif change == "name":
        name = f"../{name}"
    else:
        target = tmp_path / "clip-2"
    with pytest.raises((OSError, ValueError)):
        PartFile.reopen(target, name, part.identity)
    assert other.read_bytes() == b"other"
