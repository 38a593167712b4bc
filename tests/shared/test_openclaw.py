"""OpenClaw's folders by variable, where images go, and what may be attached to a reply."""

from __future__ import annotations

import json
import os
import stat
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from shared import interpreters
from shared.errors import BadInput, ConfigurationError, DiskError
from shared.openclaw import config_files
from shared.openclaw.config_variables import env_files
from shared.openclaw.folders import (
    attachable_path,
    enclosing_skill,
    is_attachable,
    output_folder,
    state_folders,
    user_home,
    workspace,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY = 24 * 3600
LOCAL_ID = "20260301T120000Z-0123abcd"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    home, here = tmp_path / "home", tmp_path / "here"
    home.mkdir()
    here.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(here)
    config_files.parse.cache_clear()
    yield home
    config_files.parse.cache_clear()


@pytest.fixture
def state(home: Path) -> Path:
    folder = home / ".openclaw"
    folder.mkdir()
    return folder


@pytest.fixture
def skill(tmp_path: Path) -> Path:
    folder = tmp_path / "skills" / "image2"
    (folder / "scripts").mkdir(parents=True)
    (folder / "SKILL.md").write_text("x")
    return folder


# ---- state folders


@pytest.mark.parametrize(
    ("variables", "folders"),
    [
        ({}, ["home/.openclaw"]),
        ({"OPENCLAW_STATE_DIR": "{tmp}/state"}, ["state", "home/.openclaw"]),
        ({"OPENCLAW_HOME": "{tmp}/other"}, ["other/.openclaw", "home/.openclaw"]),
        ({"OPENCLAW_STATE_DIR": "{tmp}/state", "OPENCLAW_HOME": "{tmp}/other"}, ["state", "home/.openclaw"]),
        ({"OPENCLAW_STATE_DIR": "~/state"}, ["home/state", "home/.openclaw"]),
        ({"OPENCLAW_HOME": "~"}, ["home/.openclaw"]),
        ({"OPENCLAW_STATE_DIR": "{tmp}/home/.openclaw"}, ["home/.openclaw"]),
        ({"OPENCLAW_STATE_DIR": "relative"}, ["home/relative", "home/.openclaw"]),
        ({"OPENCLAW_HOME": "relative"}, ["home/relative/.openclaw", "home/.openclaw"]),
        ({"OPENCLAW_STATE_DIR": "../up"}, ["up", "home/.openclaw"]),
        ({"OPENCLAW_STATE_DIR": "", "OPENCLAW_HOME": " "}, ["home/.openclaw"]),
        ({"OPENCLAW_STATE_DIR": "~nobody-of-that-name/x"}, ["home/~nobody-of-that-name/x", "home/.openclaw"]),
    ],
)
def test_the_state_folder_in_force_comes_first_then_the_default_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], folders: list[str]
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(tmp=tmp_path))
    assert state_folders() == [tmp_path / folder for folder in folders]


@pytest.mark.parametrize("home", [None, "", "relative", "~", "."])
def test_without_any_absolute_home_it_says_so(monkeypatch: pytest.MonkeyPatch, home: str | None) -> None:
    """A relative one would be another folder, with a journal of its own, for each current folder."""
    monkeypatch.delenv("HOME") if home is None else monkeypatch.setenv("HOME", home)
    monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)  # a container's user that no passwd lists
    for folder in (user_home, state_folders):
        with pytest.raises(ConfigurationError) as caught:
            folder()
        assert (caught.value.code, caught.value.exit_code) == ("no_home", 3)
    assert interpreters.environment_folder() == ""
    monkeypatch.setenv("OPENCLAW_STATE_DIR", "/somewhere/state")
    assert state_folders() == [Path("/somewhere/state")]
    assert env_files() == [Path("/somewhere/state/.env")]
    assert interpreters.environment_folder() == "/somewhere/state/image-skills/venv"


def test_an_empty_home_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", "")
    monkeypatch.setattr("pwd.getpwuid", lambda _user: SimpleNamespace(pw_dir=str(tmp_path)))
    assert user_home() == tmp_path
    assert interpreters.environment_folder() == str(tmp_path / ".openclaw" / "image-skills" / "venv")


# ---- the workspace


@pytest.mark.parametrize(
    ("config", "folder"),
    [
        (None, "home/.openclaw/workspace"),
        ({"agents": {"defaults": {"workspace": "~/work"}}}, "home/work"),
        ({"agents": {"defaults": {"workspace": "{tmp}/work"}}}, "work"),
        ({"agents": {"defaults": {"workspace": "~nobody-of-that-name"}}}, "here/~nobody-of-that-name"),
        ({"agents": {"defaults": {"workspace": 5}}}, "home/.openclaw/workspace"),
        ({"agents": {"defaults": {}}}, "home/.openclaw/workspace"),
        ({"agents": []}, "home/.openclaw/workspace"),
        ([], "home/.openclaw/workspace"),
        ("{not json", "home/.openclaw/workspace"),
        ("\ufeff{}", "home/.openclaw/workspace"),
        ("[" * 100_000, "home/.openclaw/workspace"),
    ],
)
def test_the_workspace_is_the_configured_one_else_the_default(
    tmp_path: Path, state: Path, config: object, folder: str
) -> None:
    if config is not None:
        text = config if isinstance(config, str) else json.dumps(config).replace("{tmp}", str(tmp_path))
        (state / "openclaw.json").write_text(text, "utf-8")
    assert workspace(state) == tmp_path / folder


# ---- where images go


def test_pictures_go_below_the_current_folder(tmp_path: Path, state: Path) -> None:
    assert output_folder(None, state) == tmp_path / "here" / "generated-images"
    assert list((tmp_path / "here").iterdir()) == []


@pytest.mark.parametrize(
    ("given", "folder"),
    [
        ("{tmp}/out", "out"),
        ("out", "here/out"),
        ("a/../out/./x", "here/out/x"),
        ("~/out", "home/out"),
        ("~nobody-of-that-name", "here/~nobody-of-that-name"),
        (".", "here"),
        ("out dir", "here/out dir"),
        ("图片", "here/图片"),
    ],
)
def test_an_explicit_folder_is_taken_and_not_yet_made(
    tmp_path: Path, state: Path, given: str, folder: str
) -> None:
    assert output_folder(given.format(tmp=tmp_path), state) == tmp_path / folder
    assert not (tmp_path / "here" / "out").exists()


@pytest.mark.parametrize("given", ["", "  ", "a\nb", "a\x1bb", "file", "loop/x", "x" * 5000, "x/" * 3000 + "y"])
def test_what_is_no_folder_is_bad_input(tmp_path: Path, state: Path, given: str) -> None:
    (tmp_path / "here" / "file").write_bytes(b"")
    (tmp_path / "here" / "loop").symlink_to("loop")
    with pytest.raises(BadInput) as caught:
        output_folder(given, state)
    assert caught.value.code == "output_dir_invalid"
    assert caught.value.facts["flag"] == "--output-dir"


@pytest.mark.parametrize("inside", [".", "scripts", "generated-images", "scripts/../new/deeper"])
def test_an_explicit_folder_inside_a_skill_is_bad_input(state: Path, skill: Path, inside: str) -> None:
    with pytest.raises(BadInput) as caught:
        output_folder(f"{skill}/{inside}", state)
    assert (caught.value.code, caught.value.facts["skill"]) == ("output_dir_in_skill", skill)


def test_a_link_into_a_skill_is_seen_through(tmp_path: Path, state: Path, skill: Path) -> None:
    (tmp_path / "here" / "link").symlink_to(skill / "scripts")
    with pytest.raises(BadInput, match="output_dir_in_skill"):
        output_folder("link/out", state)


def test_beside_a_skill_is_not_inside(tmp_path: Path, state: Path, skill: Path) -> None:
    assert output_folder(f"{skill}-pictures", state) == tmp_path / "skills" / "image2-pictures"
    assert enclosing_skill(skill.parent) is None
    assert enclosing_skill(skill / "scripts" / "not" / "there") == skill


def test_from_inside_a_skill_pictures_go_to_the_workspace_else_home(
    home: Path, state: Path, skill: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(skill / "scripts")
    assert output_folder(None, state) == home / "generated-images"
    (state / "workspace").mkdir()
    assert output_folder(None, state) == state / "workspace" / "generated-images"


@pytest.mark.parametrize("given", [None, "relative"])
def test_a_current_folder_that_is_gone_is_told(
    tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch, given: str | None
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(DiskError) as caught:
        output_folder(given, state)
    assert caught.value.code == "current_folder_gone"
    assert output_folder(str(tmp_path / "out"), state) == tmp_path / "out"


def test_a_skill_may_have_a_default_of_its_own(tmp_path: Path, state: Path) -> None:
    assert output_folder(None, state, default=tmp_path / "own") == tmp_path / "own"
    assert output_folder("out", state, default=tmp_path / "own") == tmp_path / "here" / "out"


# ---- what may be attached


def picture(folder: Path, content: bytes = b"picture") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{LOCAL_ID}-1.png"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("root", ["media", "agents/main", "workspace/out", "sandboxes/x"])
def test_a_picture_in_an_attachable_root_is_attached_from_there(state: Path, root: str) -> None:
    path = picture(state / root)
    assert attachable_path(path, LOCAL_ID, state) == path
    assert not (state / "media" / "image-skills").exists()


def test_a_picture_in_the_configured_workspace_is_attached_from_there(tmp_path: Path, state: Path) -> None:
    config = {"agents": {"defaults": {"workspace": str(tmp_path / "work")}}}
    (state / "openclaw.json").write_text(json.dumps(config))
    path = picture(tmp_path / "work" / "out")
    assert attachable_path(path, LOCAL_ID, state) == path


def test_a_picture_elsewhere_gets_a_hard_link(tmp_path: Path, state: Path) -> None:
    path = picture(tmp_path / "here")
    target = attachable_path(path, LOCAL_ID, state)
    assert target == state / "media" / "image-skills" / LOCAL_ID / path.name
    assert target.samefile(path)
    assert stat.S_IMODE(target.parent.stat().st_mode) == 0o700
    assert attachable_path(path, LOCAL_ID, state) == target
    assert is_attachable(target, state)


def test_a_relative_path_gets_an_absolute_answer(tmp_path: Path, state: Path) -> None:
    picture(tmp_path / "here")
    assert attachable_path(Path(f"{LOCAL_ID}-1.png"), LOCAL_ID, state).is_absolute()


def test_another_disk_gets_a_copy(tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def other_disk(*_arguments: object, **_named: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", other_disk)
    path = picture(tmp_path / "here")
    for content in (b"picture", b"another"):
        path.write_bytes(content)
        target = attachable_path(path, LOCAL_ID, state)
        assert target.read_bytes() == content
        assert not target.samefile(path)


def test_an_altered_original_gets_a_fresh_link(tmp_path: Path, state: Path) -> None:
    path = picture(tmp_path / "here")
    attachable_path(path, LOCAL_ID, state)
    path.unlink()
    path.write_bytes(b"another")
    target = attachable_path(path, LOCAL_ID, state)
    assert (target.read_bytes(), target.samefile(path)) == (b"another", True)


def test_a_link_that_only_seems_to_lie_in_a_root_is_none(tmp_path: Path, state: Path) -> None:
    outside = picture(tmp_path / "here")
    inside = state / "workspace" / "link.png"
    inside.parent.mkdir()
    inside.symlink_to(outside)
    target = attachable_path(inside, LOCAL_ID, state)
    assert target == state / "media" / "image-skills" / LOCAL_ID / "link.png"
    assert not target.is_symlink()
    assert target.read_bytes() == b"picture"


def test_a_copy_that_cannot_be_made_is_an_error(tmp_path: Path, state: Path) -> None:
    (state / "media").write_bytes(b"in the way")
    with pytest.raises(OSError, match="Not a directory"):
        attachable_path(picture(tmp_path / "here"), LOCAL_ID, state)


def test_attachments_are_cleared_after_7_days(tmp_path: Path, state: Path) -> None:
    media = state / "media" / "image-skills"
    for name, age in (("old", 7 * DAY + 60), ("young", 7 * DAY - 60)):
        one = picture(media / name)
        os.utime(one.parent, (time.time() - age,) * 2)
    (state / "media" / "others").mkdir()
    os.utime(state / "media" / "others", (0, 0))
    path = picture(tmp_path / "here")
    attachable_path(path, LOCAL_ID, state)
    assert sorted(one.name for one in media.iterdir()) == sorted([LOCAL_ID, "young"])
    assert (state / "media" / "others").is_dir(), "what is not ours stays"


def test_the_originals_outlive_their_attachments(tmp_path: Path, state: Path) -> None:
    path = picture(tmp_path / "here")
    folder = attachable_path(path, LOCAL_ID, state).parent
    os.utime(folder, (0, 0))
    attachable_path(picture(tmp_path / "elsewhere"), "another", state)
    assert not folder.exists()
    assert path.read_bytes() == b"picture"


def test_a_link_among_the_attachments_is_not_cleared_through(tmp_path: Path, state: Path) -> None:
    media = state / "media" / "image-skills"
    media.mkdir(parents=True)
    kept = picture(tmp_path / "kept")
    os.utime(kept.parent, (0, 0))
    (media / "link").symlink_to(kept.parent)
    attachable_path(picture(tmp_path / "here"), LOCAL_ID, state)
    assert kept.exists()
