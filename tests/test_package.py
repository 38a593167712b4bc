"""What ships is a pure function of what git knows: the same bytes anywhere, nothing stray, able to run."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import package
import pytest
from package import Bundle, Tree, build, write
from reach import reached_files
from skill_index import IndexEntry, Refused, read_index, version_in

from tests import fifth_skill
from tests.checkout import ROOT, commit, copy_checkout
from tests.contract.evidence import tree
from tests.fifth_skill import SLUG, add_to, alone, described_files

if TYPE_CHECKING:
    from pathlib import Path

ENTRIES = read_index(ROOT)
SECONDS = 60.0


@pytest.fixture(scope="session")
def bundles() -> list[Bundle]:
    return [build(Tree(ROOT), entry) for entry in ENTRIES]


@pytest.fixture
def kettle(tmp_path: Path) -> Path:
    return alone(tmp_path / "checkout")


def packaged(root: Path, dist: Path) -> Path:
    package.package(root, dist)
    return dist


def picture_of(folder: Path) -> dict[str, tuple[int, float, bytes | None]]:
    """Return mode, time and bytes of everything below a folder."""
    return {
        place.relative_to(folder).as_posix(): (
            place.stat().st_mode,
            place.stat().st_mtime,
            place.read_bytes() if place.is_file() else None,
        )
        for place in sorted(folder.rglob("*"))
    }


def test_every_bundle_holds_what_an_installed_skill_needs(bundles: list[Bundle]) -> None:
    for bundle in bundles:
        assert {"SKILL.md", "LICENSE", "CHANGELOG.md", "requirements.txt", "manifest.json"} <= bundle.files.keys()
        assert "scripts/shared/launch.py" in bundle.files
        assert not [
            path
            for path in bundle.files
            if "/." in f"/{path}" or "test_" in path.replace("self_test", "") or path.endswith(".pyc")
        ]


def test_the_manifest_has_the_sum_of_every_other_file(bundles: list[Bundle]) -> None:
    for bundle in bundles:
        manifest = json.loads(bundle.files["manifest.json"].data)
        assert (manifest["skill"], manifest["version"]) == (bundle.slug, bundle.version)
        assert manifest["files"] == {
            path: hashlib.sha256(file.data).hexdigest()
            for path, file in bundle.files.items()
            if path != "manifest.json"
        }


def test_the_same_tree_gives_the_same_bytes_whoever_packages_it(tmp_path: Path) -> None:
    first = picture_of(packaged(ROOT, tmp_path / "first"))
    copy = copy_of_the_tree(tmp_path / "elsewhere")
    before = os.umask(0o077)
    try:
        second = picture_of(packaged(copy, tmp_path / "second"))
    finally:
        os.umask(before)
    assert first == second
    assert [path for path in first if "/" not in path] == sorted(
        name for entry in ENTRIES for name in (entry.slug, f"{entry.slug}-{version_of(entry)}.zip")
    )


def version_of(entry: IndexEntry) -> str:
    return version_in((ROOT / entry.version_file).read_text("utf-8"))


def copy_of_the_tree(to: Path) -> Path:
    """Copy what git knows, in another order and with other times and modes, as another machine would have it."""
    copy = copy_checkout(to)
    shutil.copy2(ROOT / "CHANGELOG.md", copy / "CHANGELOG.md")
    for place in sorted(copy.rglob("*"), reverse=True):
        if place.is_file() and ".git" not in place.parts:
            place.chmod(0o600)
            os.utime(place, (0, 0))
    return copy


def test_the_zip_is_the_folder(bundles: list[Bundle], tmp_path: Path) -> None:
    for bundle in bundles:
        write(bundle, tmp_path)
        with zipfile.ZipFile(tmp_path / f"{bundle.slug}-{bundle.version}.zip") as archive:
            there = {
                one.filename: (one.external_attr >> 16 & 0o777, archive.read(one)) for one in archive.infolist()
            }
        assert there == {f"{bundle.slug}/{path}": (one.mode, one.data) for path, one in bundle.files.items()}


JUNK = (
    "skills/{slug}/scripts/{package}/__pycache__/cli.cpython-311.pyc",
    "skills/{slug}/scripts/{package}/scratch.py",
    "skills/{slug}/scripts/notes.py",
    "skills/{slug}/references/draft.md",
    "skills/{slug}/.env",
    "skills/{slug}/generated-images/1.png",
    "shared/scratch.py",
    "dist/{slug}/old.txt",
)


def test_junk_in_the_tree_never_ships(kettle: Path, tmp_path: Path) -> None:
    before = picture_of(packaged(kettle, tmp_path / "before"))
    for path in JUNK:
        place = kettle / path.format(slug=SLUG, package=fifth_skill.PACKAGE)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("junk\n", "utf-8")
    (kettle / "skills" / SLUG / "scripts" / "linked.py").symlink_to("/etc/hostname")
    assert picture_of(packaged(kettle, tmp_path / "after")) == before
    assert not (packaged(kettle, kettle / "dist") / SLUG / "old.txt").exists()


@pytest.mark.parametrize(
    "path",
    ["notes.txt", "scripts/test_pour.py.orig", ".env", "scripts/teapot/far/too/deep.py", "references/.draft.md"],
)
def test_a_file_that_git_knows_and_no_bundle_has_a_place_for_is_refused(kettle: Path, path: str) -> None:
    place = kettle / "skills" / SLUG / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("stray\n", "utf-8")
    commit(kettle)
    with pytest.raises(Refused, match="has no place in a bundle"):
        build(Tree(kettle), fifth_skill.ENTRY)


def test_a_link_and_a_file_that_is_gone_are_refused(kettle: Path) -> None:
    page = kettle / "skills" / SLUG / "references" / "kettle.md"
    page.unlink()
    with pytest.raises(Refused, match="gone or is no ordinary file"):
        build(Tree(kettle), fifth_skill.ENTRY)
    page.symlink_to(kettle / "LICENSE")
    for _ in ("in the working tree", "in git"):
        with pytest.raises(Refused, match="gone or is no ordinary file"):
            build(Tree(kettle), fifth_skill.ENTRY)
        commit(kettle)


def test_an_imported_module_that_git_does_not_know_is_refused(kettle: Path) -> None:
    (kettle / "shared" / "unknown.py").write_text("")
    cli = kettle / "skills" / SLUG / "scripts" / "teapot" / "cli.py"
    cli.write_text(cli.read_text("utf-8") + "\n\ndef later() -> None:\n    import shared.unknown\n", "utf-8")
    with pytest.raises(Refused, match=r"shared/unknown\.py .*git does not know"):
        build(Tree(kettle), fifth_skill.ENTRY)


def test_only_what_is_imported_of_shared_ships() -> None:
    shared = {
        "__init__.py": "",
        "launch.py": '"""See data.json for more."""',
        "a.py": "from . import b\n",
        "b.py": "def late():\n    from shared.c import x\n",
        "c.py": "from .d import y\nNAME = 'data.json'\n",
        "d.py": "if TYPE_CHECKING:\n    from shared import typed\nelse:\n    import shared.e\n",
        "e.py": "importlib.import_module('shared.f')\n",
        "f.py": "run('shared.g:main')\n",
        "g.py": "",
        "typed.py": "",
        "unused.py": "import shared.a\n",
        "data.json": None,
        "other.json": None,
    }
    reached = reached_files(["from shared import a, nothing\nfrom mine import unused\n"], shared)
    assert reached == {"__init__.py", *(f"{name}.py" for name in "abcdefg"), "data.json"}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.slug)
def test_a_bundle_runs_from_a_foreign_folder_and_imports_no_decoy(entry: IndexEntry, tmp_path: Path) -> None:
    bundle = build(Tree(ROOT), entry)
    write(bundle, tmp_path / "dist")
    decoy = tmp_path / "decoy" / "shared" / "__init__.py"
    decoy.parent.mkdir(parents=True)
    decoy.write_text("raise RuntimeError('a decoy was imported')\n", "utf-8")
    folder = tmp_path / "dist" / bundle.slug
    before = tree(folder)
    for launcher in sorted((folder / "scripts").glob("*.py")):
        for again in ("1", "2"):
            ended = subprocess.run(
                [sys.executable, str(launcher), "--help"],
                cwd=tmp_path / "decoy",
                env={"HOME": str(tmp_path), "PATH": os.environ["PATH"], "PYTHONPATH": str(decoy.parent.parent)},
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
            assert (ended.returncode, ended.stderr) == (0, ""), (launcher, again)
            assert ended.stdout.startswith(f"Usage: {launcher.name} ")
    assert tree(folder) == before


def test_a_skill_made_by_the_description_packages_and_ships_only_its_own(tmp_path: Path) -> None:
    assert described_files() == {*fifth_skill.FILES, *fifth_skill.COPIED}
    copy = copy_checkout(tmp_path / "checkout")
    entry = add_to(copy)
    bundle = build(Tree(copy), entry)
    assert "scripts/pour.py" in bundle.files
    assert "scripts/shared/cli/app.py" in bundle.files
    assert "scripts/shared/queue_task.py" in bundle.files
    assert "scripts/shared/cli/doctor.py" not in bundle.files
    assert bundle.files["scripts/pour.py"].executable
    assert len(package.package(copy, tmp_path / "dist")) == len(ENTRIES) + 1


def test_an_empty_or_broken_index_is_refused(kettle: Path) -> None:
    for text in ('{"skills": []}', "{}", "no JSON"):
        (kettle / "clawhub.json").write_text(text, "utf-8")
        with pytest.raises(Refused, match=r"clawhub\.json"):
            package.package(kettle, kettle / "dist")
    assert not (kettle / "dist").exists()
