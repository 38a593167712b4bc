"""Print every message in English and Chinese side by side, to be read for tone (`make messages`)."""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from shared.i18n.messages import SHARED_MESSAGES, Translation  # noqa: E402


def tables() -> dict[str, dict[str, Translation]]:
    """Return the shared messages and those of each skill of clawhub.json."""
    found = {"shared": SHARED_MESSAGES}
    for skill in json.loads((ROOT / "clawhub.json").read_text("utf-8"))["skills"]:
        sys.path.insert(0, str(ROOT / "skills" / skill["slug"] / "scripts"))
        found[skill["slug"]] = importlib.import_module(f"{skill['package']}.messages").MESSAGES
    return found


def main() -> None:
    """Print the tables as Markdown."""
    for name, table in tables().items():
        print(f"\n## {name}\n\n| id | English | 中文 |\n| --- | --- | --- |")
        for message, text in table.items():
            print(f"| {message} | {text.en} | {text.zh} |".replace("\n", "<br>"))


if __name__ == "__main__":
    try:
        main()
        sys.stdout.flush()
    except BrokenPipeError:  # `make messages | head` has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
