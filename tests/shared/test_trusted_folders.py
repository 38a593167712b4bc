"""A folder's path is not used where another user decides where it leads."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from shared.errors import DiskError
from shared.files import make_private_folder
from shared.images.download import check_output_folder
from shared.trusted_folders import refuse_planted_links, untrusted_part

OTHER = 54_321


@pytest.fixture
def owned_by_another(monkeypatch: pytest.MonkeyPatch) -> set[Path]:
    """Return a set of paths; whatever is put into it belongs to another user from then on."""
    paths: set[Path] = set()
    lstat = Path.lstat

    def pretended(path: Path) -> os.stat_result:
        status = list(lstat(path))
        if path in paths:
            status[4] = OTHER
        return os.stat_result(status)

    monkeypatch.setattr(Path, "lstat", pretended)
    return paths


def test_own_folders_and_own_links_are_trusted(tmp_path: Path) -> None:
    (tmp_path / "real" / "a").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real" / "up").symlink_to("../link/a")
    for path in ("real/a", "link/a", "real/up", "real/up/not/there", "link/../link/a"):
        assert untrusted_part(tmp_path / path, private=True) is None


@pytest.mark.parametrize("path", ["link", "link/a", "link/new/one", "way/a"])
def test_a_link_of_another_user_is_refused(tmp_path: Path, owned_by_another: set[Path], path: str) -> None:
    (tmp_path / "real" / "a").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "way").symlink_to("link")
    owned_by_another.add(tmp_path / "link")
    assert untrusted_part(tmp_path / path) == (tmp_path / "link", "link")
    for check in (refuse_planted_links, make_private_folder, check_output_folder):
        with pytest.raises(DiskError, match="folder_planted"):
            check(tmp_path / path)
    assert [one.name for one in (tmp_path / "real").iterdir()] == ["a"]


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    found = untrusted_part(tmp_path / "one")
    assert found
    assert found[1] == "link"


@pytest.mark.parametrize(("mode", "trouble"), [(0o777, "mode"), (0o1777, None), (0o775, None), (0o702, "mode")])
def test_what_is_believed_later_needs_folders_that_others_cannot_exchange(
    tmp_path: Path, mode: int, trouble: str | None
) -> None:
    open_folder = tmp_path / "open"
    (open_folder / "mine").mkdir(parents=True)
    open_folder.chmod(mode)
    found = untrusted_part(open_folder / "mine", private=True)
    assert found == (trouble and (open_folder, trouble))
    assert untrusted_part(open_folder / "mine") is None


def test_a_folder_of_another_user_in_an_open_one_is_refused(tmp_path: Path, owned_by_another: set[Path]) -> None:
    (tmp_path / "open" / "theirs").mkdir(parents=True)
    (tmp_path / "open").chmod(0o1777)
    owned_by_another.add(tmp_path / "open" / "theirs")
    assert untrusted_part(tmp_path / "open" / "theirs", private=True) == (tmp_path / "open" / "theirs", "owner")


def test_where_there_are_no_owners_nothing_is_refused(tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    monkeypatch.delattr(os, "geteuid")
    assert untrusted_part(tmp_path / "open", private=True) is None
