"""Search the files that git tracks or would add for keys, with detect-secrets; made-up keys are listed here.

Exit 0: files were read and none contains a possible key. 1: one does, or there were no files.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from detect_secrets import SecretsCollection
from detect_secrets.settings import default_settings

ROOT = Path(__file__).resolve().parent.parent

MADE_UP = re.compile(
    r"dummy|\bwords?\b|^password$|\{password\}|^key$|^pw$|^secret$|^somebody:else$|^your-api-key-here$|0123456789|9876543210"
)
"""Patterns of values that are not real keys; write `dummy` in a new one."""


def find(root: Path) -> tuple[int, list[str]]:
    """Return the number of files read in a checkout, and a sentence for each value that may be a key."""
    argv = ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split("\0")
    files = [name for name in listed if name and (root / name).is_file()]
    with default_settings() as settings:
        settings.disable_filters("detect_secrets.filters.allowlist.is_line_allowlisted")  # this file decides alone
        collection = SecretsCollection(str(root))
        collection.scan_files(*files)
    found = sorted(
        (Path(one.filename).relative_to(root), one.line_number, one.type)
        for _, one in collection
        if not _made_up(one.secret_value)
    )
    return len(files), [f"{name}:{line}: looks like a key ({kind})" for name, line, kind in found]


def _made_up(value: str | None) -> bool:
    return bool(value and MADE_UP.search(value))


def main() -> int:
    """Search the checkout named on the command line, else this one."""
    looked_at, found = find(Path(sys.argv[1]).resolve() if sys.argv[1:] else ROOT)
    for sentence in found:
        print(sentence, file=sys.stderr)
    if found:
        print("secrets: take the key out and revoke it; in a test or an example, write a dummy", file=sys.stderr)
    elif not looked_at:
        print("secrets: nothing was looked at: expected a checkout with files that git knows", file=sys.stderr)
    else:
        print(f"secrets: {looked_at} files, no key")
    return 1 if found or not looked_at else 0


if __name__ == "__main__":
    sys.exit(main())
