"""How `make quality` checks the list of explained mutants, and how it reads a mutant."""

from __future__ import annotations

from pathlib import Path

import pytest
from quality_mutation import Mutant, _mutant, compare, read_explanations

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "scripts" / "survivors.txt"

SHOWN = """\
# shared.journal.entry.xǁEntryǁto_json__mutmut_4: survived
--- shared/journal/entry.py
+++ shared/journal/entry.py
@@ -5,7 +5,7 @@
     document = asdict(self)
-    first = 1
-    second = 2
+    first = None
"""


def test_every_explanation_is_about_a_line_that_is_there() -> None:
    explained = read_explanations(LIST)
    assert explained
    assert compare(set(), explained, ROOT) == []


def test_a_mutant_is_told_by_its_function_and_what_became_of_its_lines() -> None:
    mutant = _mutant("shared.journal.entry.xǁEntryǁto_json__mutmut_4", SHOWN)
    assert mutant == Mutant("shared.journal.entry.Entry.to_json", "first = 1 second = 2", "first = None")
    assert _mutant("shared.security.keys.x_redact__mutmut_1", SHOWN).where == "shared.security.keys.redact"


def test_a_mutant_without_a_word_and_a_word_without_its_line_are_told(tmp_path: Path) -> None:
    (tmp_path / "shared" / "journal").mkdir(parents=True)
    (tmp_path / "shared" / "journal" / "entry.py").write_text("def one():\n    return (\n        1\n    )\n")
    here, gone = (
        Mutant("shared.journal.entry.one", before, "return 2") for before in ("return ( 1 )", "return 3")
    )
    assert compare({here}, {here: "why"}, tmp_path) == []
    assert compare(set(), {here: "why"}, tmp_path) == [], "caught today"
    assert compare({here}, {}, tmp_path) == [
        "no test notices shared.journal.entry.one\n- return ( 1 )\n+ return 2"
    ]
    assert compare(set(), {gone: "why"}, tmp_path) == [
        "the line of an explanation is gone: shared.journal.entry.one\n- return 3\n+ return 2"
    ]


@pytest.mark.parametrize("missing", ["- ", "+ ", "= "])
def test_a_block_that_lacks_a_part_is_refused(tmp_path: Path, missing: str) -> None:
    path = tmp_path / "survivors.txt"
    lines = ["shared.journal.entry.one", "- return 1", "+ return 2", "= why"]
    path.write_text("# what this is\n\n" + "\n".join(lines) + "\n")
    assert read_explanations(path) == {Mutant("shared.journal.entry.one", "return 1", "return 2"): "why"}
    path.write_text("\n".join(line for line in lines if not line.startswith(missing)))
    with pytest.raises(ValueError, match=r"survivors\.txt: expected a function"):
        read_explanations(path)
