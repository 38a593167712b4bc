"""Names that become names of files: what could lead elsewhere is refused, the rest is kept."""

from __future__ import annotations

import unicodedata
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from openai_images.request import MAX_NAME_BYTES, task_name

from shared.errors import BadInput

HOSTILE = [
    "", " ", "\t", "\u3000", ".", "..", "...", "/", "\\", "~/..",
    "/etc/passwd", "../up", "../../etc/passwd", "a/b", "a/", "/a", "./a", "a/../b", "//host/share", "~/.ssh/id",
    "a\\b", "..\\up", "C:\\Windows", "C:x", "C:", "\\\\host\\share", "\\\\?\\C:\\x", "file:a", "a:b", "http://x/a",
    "con", "CON", "Con.png", "nul", "NUL.txt", "prn", "aux", "AUX.tar.gz", "com0", "COM1", "com9.png", "com¹",
    "LPT1", "CONIN$", "conout$.txt", "lpt9.x", "lpt²", "nul .png", "con .", "aux\u00a0",
    "a<b", "a>b", 'a"b', "a|b", "a?b", "a*b", "*.png", "?",
    ".hidden", ".", "a.", "a..", "a ", " a", ". a", "a .",
    "-rf", "-", "--json", "-a.png",
    "a\nb", "a\rb", "a\0b", "a\tb", "\x1b[2J", "a\x7fb", "a\x85b", "a\u2028b", "a\u2029b", "\x07",
    "a\u202eb", "a\u202ab", "a\u2066b", "\u200bname", "a\u200db", "a\u200eb", "\ufeffa", "a\u00adb", "a\ue000b",
    "a\udcffb", "\ud83d", "a\U000e0041b", "a\uffffb", "a\u0378b",
    "x" * 101, "画" * 61, "画" * 100, "😀" * 46, "x" * 10_000,
]  # fmt: skip
GOOD = [
    "a", "7", "_", "cat-test", "v1.2_final", "product-001", "A B", "a  b", "2026-01-01", "a.b.c", "x" * 100,
    "console", "connie", "null", "auxiliary", "com", "com10", "lpt", "lpt10", "a.con", "con-1", "nul_", "prn2",
    "产品图-1", "封面", "画" * 60, "Café v1.2_final", "ñandú", "Größe", "картина", "πίνακας", "絵", "그림", "لوحة",
    "cat 😀", "👍", "it's", "a&b", "a;b", "$(x)", "a=b", "100%", "a,b", "(1)", "[2]", "{3}", "#4", "@5", "a+b",
    "!", "`a`", "a^b", "~", "a~1",
]  # fmt: skip


def shown(name: str) -> str:
    return ascii(name)[:40]


@pytest.mark.parametrize("name", HOSTILE, ids=shown)
def test_a_name_that_could_lead_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(BadInput) as caught:
        task_name("--task-name", name)
    assert caught.value.code == "task_name_invalid"


@pytest.mark.parametrize("name", GOOD, ids=shown)
def test_a_good_name_is_kept_and_stays_in_its_folder(name: str, tmp_path: Path) -> None:
    kept = task_name("--task-name", name)
    assert kept == unicodedata.normalize("NFC", name)
    file = f"{kept}-20260101T000000Z-00000000.png"
    assert PurePosixPath(file).name == PureWindowsPath(file).name == file
    (tmp_path / file).touch()
    assert [path.name for path in tmp_path.iterdir()] == [file]
    assert len(kept.encode()) <= MAX_NAME_BYTES


def test_the_tables_are_as_long_as_promised() -> None:
    assert len(set(HOSTILE)) >= 80
    assert len(set(GOOD)) == len(GOOD) >= 40
