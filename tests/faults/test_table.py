"""The table of faults: complete, counted correctly, and equal to docs/faults.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scripts.faults import DOCUMENT, Outcome, cases, rendered, verdict
from tests.faults.fault import ALL
from tests.faults.table import SECTIONS, TABLE

if TYPE_CHECKING:
    from collections.abc import Callable

PROMISED = {
    "N": (
        "refuses the connection", "cannot be resolved", "never made", "request: reset", "never answered",
        "cut by length", "cut by chunk", "cut by close", "comes a byte a second",
        "without Retry-After", "Retry-After: 1", "Retry-After: a date", "Retry-After: -5",
        "Retry-After: 1000000000", "Retry-After: soon",
        "408 to the paid", "500 to the paid", "503 to the paid", "502 to twelve looks",
        "is HTML", "is empty", "another type", "50 MB", "a depth of 100,000", "NaN", "duplicate names",
        "byte order mark", "bad UTF-8", "gzip bomb",
        "redirect to the same host", "redirect to another host", "redirect to http",
        "expired", "self-signed", "for another name", "proxy is down", "(407)", "SOCKS proxy", ".netrc",
        "an id that is null", "an id that is empty", "an id that is of 10 kB", "an id that is with slashes",
        "link has expired", "private address, in every spelling", "198.18.0.0/15",
        "the picture is empty", "the picture is HTML", "the picture is cut", "no PNG but says so", "80 megapixels",
        "control characters", "a megabyte", "starts with MEDIA:",
    ),
    "P": (
        "SIGKILL before every open, flush and rename", "SIGKILL by strace",
        "SIGKILL between the paid request and its answer", "SIGKILL while the task is looked at",
        "SIGKILL while the picture is fetched",
        *(
            f"{name}{often} {place}"
            for name in ("SIGINT", "SIGTERM")
            for often in ("", " twice")
            for place in ("while the paid request is answered", "while the task is looked at", "between two looks",
                          "while the picture is fetched")
        ),
        "stdout is closed", "no file may be larger", "where the state folder should be",
        "where the output folder should be", "HOME is unset", "output folder vanishes",
        "journal is empty", "journal is cut", "journal is from a newer version",
        "one request at once", "one name", "locks that a dead process left", "owner lives",
        "suspended", "a day ahead", "a day behind",
    ),
    "K": ("a state that is unknown", "a state that is null", "a state that is a number", "three of four pictures",
          "a done task whose output is"),
    "I": ("HTTP 500 and code 200", "HTTP 200 and code 503", "HTTP 403 and a refusal"),
    "Z": ("an answer with no data",),
    "G": ("nothing but heartbeats until the deadline",),
}  # fmt: skip
"""What every section was promised to hold, by words of its titles."""


def test_every_fault_that_was_promised_is_met() -> None:
    titles = {letter: [fault.title for fault in rows] for letter, (_, rows) in SECTIONS.items()}
    assert PROMISED.keys() == titles.keys()
    promised = [(letter, words) for letter, those in PROMISED.items() for words in those]
    assert [one for one in promised if not any(one[1] in title for title in titles[one[0]])] == []


def test_the_table_is_what_was_promised() -> None:
    counts = {letter: len(rows) for letter, (_, rows) in SECTIONS.items()}
    assert counts["N"] >= 28
    assert counts["P"] >= 18
    assert all(count >= 30 for letter, count in counts.items() if letter not in "NP")
    assert len(counts) == 2 + len(ALL)
    assert len(TABLE) == sum(counts.values())
    for letter, (_, rows) in SECTIONS.items():
        titles = [fault.title for fault in rows]
        assert len(titles) == len(set(titles)), letter
    for number, fault in TABLE.items():
        assert fault.ends, number
        assert set(fault.quick) <= set(fault.ends), number
        for end in fault.ends.values():
            assert end.charges <= 1 or end.code == 0, f"{number}: more than one charge for one request"


Change = "Callable[[dict[tuple[str, str], Outcome]], object]"


@pytest.mark.parametrize(
    ("change", "code", "line"),
    [
        (lambda _: None, 0, f"survived {len(cases())} of {len(cases())}"),
        (lambda found: found.clear(), 1, f"survived 0 of {len(cases())}, {len(cases())} not run"),
        (lambda found: found.popitem(), 1, f"survived {len(cases()) - 1} of {len(cases())}, 1 not run"),
        (
            lambda found: found.update({cases()[0]: Outcome(survived=False)}),
            1,
            f"survived {len(cases()) - 1} of {len(cases())}",
        ),
    ],
    ids=["all", "nothing was run", "one was not run", "one was not survived"],
)
def test_the_count_is_of_all_that_should_have_been_run(
    change: Callable[[dict[tuple[str, str], Outcome]], object], code: int, line: str
) -> None:
    found = {case: Outcome(survived=True) for case in cases()}
    change(found)
    assert verdict(cases(), found) == (code, line)


def test_an_empty_table_fails() -> None:
    assert verdict([], {}) == (1, "survived 0 of 0")


def outcomes(document: str) -> dict[tuple[str, str], Outcome]:
    """Return what the document says of each case."""
    found, slugs = {}, list[str]()
    for line in document.splitlines():
        number, title, *cells = [cell.strip() for cell in line.strip("|").split("|")] if "|" in line else ("", "")
        slugs = cells if title == "fault" else slugs
        for slug, cell in zip(slugs, cells, strict=True) if number in TABLE else ():
            if cell != "**not run**":
                found[number, slug] = Outcome(survived=cell != "**not survived**")
    return found


def test_the_document_tells_the_table() -> None:
    """What was not survived or not run may stand there as such; everything else is as the table says."""
    document = DOCUMENT.read_text(encoding="utf-8")
    found = outcomes(document)
    assert document == rendered({case: found[case] for case in cases() if case in found}), (
        "run `make faults` again"
    )
