"""Build the published bundles, dist/<slug>/ and a zip of each, from the files that git tracks (`make package`)."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from reach import reached_files
from skill_index import ROOT, IndexEntry, Refused, read_index, version_in

BUNDLED = (
    "SKILL.md",
    "SECURITY.md",
    "requirements.txt",
    "references/*.md",
    "scripts/*.py",
    "scripts/*.sh",
    "scripts/{package}/*.py",
    "scripts/{package}/*/*.py",
    "scripts/{package}/*/*.json",
)
"""Patterns of the files in a skill's folder that ship, as paths relative to it."""
LEFT_OUT = (".clawhubignore",)
"""What git knows of a skill's folder and does not ship; anything else there is refused."""
MANIFEST = "manifest.json"
EPOCH = 315532800  # seconds; 1980-01-01, the oldest time that a zip can hold
ZIP_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class File:
    """One file of a bundle."""

    data: bytes
    executable: bool = False

    @property
    def mode(self) -> int:
        """Its permissions, independent of this machine's umask."""
        return 0o755 if self.executable else 0o644


@dataclass(frozen=True)
class Bundle:
    """What ships of one skill, by path below the bundle's folder, the manifest included."""

    slug: str
    version: str
    files: dict[str, File]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the manifest, which contains that of every other file."""
        return hashlib.sha256(self.files[MANIFEST].data).hexdigest()

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(len(file.data) for file in self.files.values())


class Tree:
    """The files of a checkout that git knows, read from disk."""

    def __init__(self, root: Path) -> None:
        self.root = root
        listing = subprocess.run(
            ["git", "-C", str(root), "ls-files", "--stage", "-z"], capture_output=True, check=False, timeout=60
        )
        if listing.returncode:
            raise Refused(f"git cannot list the files of {root}: {listing.stderr.decode().strip()}")
        rows = [row.split("\t", 1) for row in listing.stdout.decode().split("\0") if row]
        self._modes = {path: mode.split()[0] for mode, path in rows}

    def below(self, folder: str) -> list[str]:
        """Return the paths below a folder, relative to it, in order."""
        return sorted(path.removeprefix(folder + "/") for path in self._modes if path.startswith(folder + "/"))

    def has(self, path: str) -> bool:
        """Return whether git tracks a file."""
        return path in self._modes

    def file(self, path: str) -> File:
        """Read a file; take from git, not from the disk, whether it is executable.

        Raises:
            InvalidRequest: git does not track it, it is missing, or it is not a regular file.
        """
        if not self.has(path):
            raise Refused(f"{path} is missing, or git does not know it (git add)")
        place = self.root / path
        if self._modes[path] not in ("100644", "100755") or not stat.S_ISREG(_mode_of(place)):
            raise Refused(f"{path} is gone or is no ordinary file; only those ship")
        return File(place.read_bytes(), self._modes[path] == "100755")

    def text(self, path: str) -> str:
        """Read a file as UTF-8."""
        return self.file(path).data.decode()


def _mode_of(place: Path) -> int:
    return place.lstat().st_mode if os.path.lexists(place) else 0


def build(tree: Tree, entry: IndexEntry) -> Bundle:
    """Return the bundle of a skill.

    Raises:
        InvalidRequest: something is missing, or git knows a file that no pattern of BUNDLED places.
    """
    skill = _skill_files(tree, entry)
    # Untracked files of shared/ are included: if an import leads to one, it is refused below.
    shared = {
        place.relative_to(tree.root / "shared").as_posix(): place.read_text("utf-8")
        if place.suffix == ".py"
        else None
        for place in sorted((tree.root / "shared").rglob("*"))
        if place.is_file() and "__pycache__" not in place.parts
    }
    sources = [file.data.decode() for path, file in skill.items() if path.endswith(".py")]
    needed = reached_files(sources, shared)
    files = {
        **skill,
        **{f"scripts/shared/{name}": tree.file(f"shared/{name}") for name in needed},
        "LICENSE": tree.file("LICENSE"),
        "CHANGELOG.md": File(changelog_of(tree.text("CHANGELOG.md"), entry.slug).encode()),
    }
    version = version_in(tree.text(entry.version_file))
    sums = {path: hashlib.sha256(files[path].data).hexdigest() for path in sorted(files)}
    manifest = json.dumps({"skill": entry.slug, "version": version, "files": sums}, indent=2) + "\n"
    files[MANIFEST] = File(manifest.encode())
    return Bundle(entry.slug, version, dict(sorted(files.items())))


def _skill_files(tree: Tree, entry: IndexEntry) -> dict[str, File]:
    patterns = [pattern.format(package=entry.package) for pattern in BUNDLED]
    found = {}
    for path in tree.below(entry.folder):
        if path in LEFT_OUT:
            continue
        if not any(_fits(path, pattern) for pattern in patterns):
            raise Refused(f"{entry.folder}/{path} has no place in a bundle; they hold {', '.join(patterns)}")
        found[path] = tree.file(f"{entry.folder}/{path}")
    for path in ("SKILL.md", "requirements.txt"):
        if path not in found:
            raise Refused(f"{entry.folder}/{path} is missing, or git does not know it (git add)")
    return found


def _fits(path: str, pattern: str) -> bool:
    hidden = any(part.startswith(".") for part in path.split("/"))
    return not hidden and path.count("/") == pattern.count("/") and PurePosixPath(path).match(pattern)


def changelog_of(text: str, slug: str) -> str:
    """Return the part of the changelog that is about one skill, with its headings one level up.

    Raises:
        InvalidRequest: there is none.
    """
    found = re.search(rf"^## {re.escape(slug)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if not found:
        raise Refused(f"CHANGELOG.md has no heading '## {slug}'")
    body = re.sub(r"^###", "##", found.group(1).strip(), flags=re.MULTILINE)
    return f"# Changelog of {slug}\n\n{body}\n"


def write(bundle: Bundle, dist: Path) -> None:
    """Write dist/<slug>/ and dist/<slug>-<version>.zip, with modes and times that no machine changes."""
    folder = dist / bundle.slug
    shutil.rmtree(folder, ignore_errors=True)
    for path, file in bundle.files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(file.data)
        place.chmod(file.mode)
        os.utime(place, (EPOCH, EPOCH))
    for place in sorted([folder, *(one for one in folder.rglob("*") if one.is_dir())], reverse=True):
        place.chmod(0o755)
        os.utime(place, (EPOCH, EPOCH))
    # Stored, not compressed: what a compressor makes of the same bytes differs between versions of zlib.
    packed = dist / f"{bundle.slug}-{bundle.version}.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for path, file in bundle.files.items():
            member = zipfile.ZipInfo(f"{bundle.slug}/{path}", ZIP_DATE)
            member.create_system = 3  # Unix, which is how the mode is read; the default is this machine's
            member.external_attr = (stat.S_IFREG | file.mode) << 16
            archive.writestr(member, file.data)
    packed.chmod(0o644)
    os.utime(packed, (EPOCH, EPOCH))


def package(root: Path, dist: Path) -> list[Bundle]:
    """Build every skill of the index in `dist`, which is emptied first, and return the bundles.

    Raises:
        InvalidRequest: one of them cannot be built; `dist` is unchanged then.
    """
    tree = Tree(root)
    bundles = [build(tree, entry) for entry in read_index(root)]
    shutil.rmtree(dist, ignore_errors=True)
    for bundle in bundles:
        write(bundle, dist)
    return bundles


def main() -> int:
    """Package the checkout and print the bundles."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout (default: this one)")
    parser.add_argument("--dist", type=Path, help="where to (default: <root>/dist)")
    arguments = parser.parse_args()
    began = time.monotonic()
    try:
        bundles = package(arguments.root, arguments.dist or arguments.root / "dist")
    except Refused as refusal:
        print(f"package: {refusal}", file=sys.stderr)
        return 1
    for one in bundles:
        print(f"{one.slug} {one.version}: {len(one.files)} files, {one.size} bytes, {one.fingerprint[:16]}")
    print(f"package: {len(bundles)} skills in {time.monotonic() - began:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
