"""A skill created only from the instructions in CONTRIBUTING.md."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

from skill_index import IndexEntry, read_index

from tests.checkout import ROOT, commit, git

if TYPE_CHECKING:
    from pathlib import Path

HEADING = "## Adding a skill"
SOURCES = ROOT / "tests" / "kettle" / "teapot"
SLUG, PACKAGE, LAUNCHER = "paper-kettle", "teapot", "pour.py"

PAGE = """---
name: paper-kettle
description: "Pours tea into a paper cup. Use when the user asks for tea, 倒茶. Not for coffee."
license: MIT-0
metadata:
  version: "1.0.0"
  openclaw:
    emoji: "🫖"
    homepage: "https://example.com"
    requires:
      anyBins:
        - uv
        - python3
        - python
    primaryEnv: KETTLE_KEY
    envVars:
      - name: KETTLE_KEY
        required: false
        description: "The key of the kettle."
      - name: KETTLE_URL
        required: false
        description: "Another address of the service."
---

# A cup of tea

`{baseDir}` is the folder that holds this file. The kettle is made of paper, so it neither leaks nor pours, and
a cup that it has filled is as empty as it was before. Each create is paid once; the same words return its image.

## When to pour

- The user asks for tea by name, in any language that has a word for it.
- The user shows an empty cup and looks thirsty.
- The user says 倒茶, and no other skill answers.

## How to pour

```bash
python3 {baseDir}/scripts/pour.py --json --prompt "a cup of tea"
python3 {baseDir}/scripts/pour.py --quiet --prompt "a cup" \\
  --lang zh
```

Add `--result-file FILE` to keep the cup. The rest stands in [the kettle's own page](references/kettle.md). Tell
the user that the tea is ready, and that it would be wise to let it cool down before the first sip is taken.
"""
FILES = {
    "SKILL.md": PAGE,
    "references/<page>.md": "# The kettle\n\nIt is made of paper; `pour.py` does not mind.\n",
    **{f"scripts/<package>/{path.name}": path.read_text("utf-8") for path in sorted(SOURCES.glob("*.py"))},
}
"""Contents by the path that CONTRIBUTING.md gives, below skills/<slug>/."""
COPIED = ("requirements.txt", "scripts/<launcher>.py")
"""The files that CONTRIBUTING.md copies from another skill."""
ENTRY = IndexEntry(SLUG, PACKAGE, "Paper kettle", ("creative",), ("tea", "paper"))


def described() -> str:
    """Return the section of CONTRIBUTING.md."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    found = re.search(rf"^{HEADING}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"CONTRIBUTING.md has no section {HEADING!r}"
    return found.group(1)


def described_files() -> set[str]:
    """Return the files of the skill's folder that the section names."""
    return set(re.findall(r"`skills/<slug>/([^`]+)`", described()))


def add_to(root: Path) -> IndexEntry:
    """Follow the section in a checkout, and commit the result."""
    model = read_index(root)[0]
    folder = root / "skills" / SLUG
    for path in described_files():
        place = folder / path.replace("<package>", PACKAGE).replace("<page>", "kettle").replace(
            "<launcher>.py", LAUNCHER
        )
        place.parent.mkdir(parents=True, exist_ok=True)
        if path in COPIED:
            place.write_text(_copied(root / model.folder, path, model.package), "utf-8")
        else:
            place.write_text(FILES[path], "utf-8")
        place.chmod(0o755 if path == "scripts/<launcher>.py" else 0o644)
    index = json.loads((root / "clawhub.json").read_text("utf-8"))
    row = {"slug": SLUG, "package": PACKAGE, "display_name": ENTRY.display_name}
    index["skills"].append({**row, "categories": list(ENTRY.categories), "topics": list(ENTRY.topics)})
    (root / "clawhub.json").write_text(json.dumps(index), "utf-8")
    with (root / "CHANGELOG.md").open("a", encoding="utf-8") as changelog:
        changelog.write(f"\n## {SLUG}\n\n### 1.0.0 — 2026-01-01\n\n- First published version.\n")
    commit(root, "Add the paper kettle")
    return ENTRY


def _copied(model: Path, path: str, package: str) -> str:
    if path == "requirements.txt":
        return (model / path).read_text("utf-8")
    launcher = next(
        one for one in sorted(model.glob("scripts/*.py")) if f'"{package}.cli:' in one.read_text("utf-8")
    )
    return re.sub(rf'"{package}\.cli:\w+"', f'"{PACKAGE}.cli:pour"', launcher.read_text("utf-8"))


def alone(root: Path) -> Path:
    """Make a repository of shared/ and this skill only, which is packaged and validated in a second."""
    (root / "skills").mkdir(parents=True)
    for folder in ("shared", *(entry.folder for entry in read_index(ROOT)[:1])):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy2(ROOT / "LICENSE", root / "LICENSE")
    shutil.copy2(ROOT / "clawhub.json", root / "clawhub.json")
    (root / "CHANGELOG.md").write_text("# Changelog\n", "utf-8")
    git(root, "init", "--quiet")
    add_to(root)
    for entry in read_index(root)[:-1]:
        shutil.rmtree(root / entry.folder, ignore_errors=True)
    index = json.loads((root / "clawhub.json").read_text("utf-8"))
    (root / "clawhub.json").write_text(json.dumps({"skills": index["skills"][-1:]}), "utf-8")
    commit(root, "Keep the kettle only")
    return root
