"""Links of saved images in terminals that know OSC 8."""

from __future__ import annotations

import pytest

from shared.output.hyperlink import knows_links, with_links


@pytest.mark.parametrize(
    ("environment", "known"),
    [
        ({}, False),
        ({"TERM": "xterm-256color"}, False),
        ({"TERM": "xterm-kitty"}, True),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, True),
        ({"TERM": "dumb", "TERM_PROGRAM": "iTerm.app"}, False),
        ({"VTE_VERSION": "6800"}, True),
        ({"VTE_VERSION": "4000"}, False),
        ({"VTE_VERSION": "x"}, False),
        ({"WT_SESSION": ""}, True),
        ({"TERM_PROGRAM": "Apple_Terminal"}, False),
    ],
)
def test_only_terminals_that_show_links_get_them(environment: dict[str, str], *, known: bool) -> None:
    assert knows_links(environment) is known


def test_a_path_becomes_a_link_to_its_file_once() -> None:
    text = with_links("/p/a b.png  3x4\nrun: /p/a b.png", ["/p/a b.png"])
    assert text == "\x1b]8;;file:///p/a%20b.png\x1b\\/p/a b.png\x1b]8;;\x1b\\  3x4\nrun: /p/a b.png"


@pytest.mark.parametrize("path", ["/p/a\x1b.png", "/p/a\nb.png", "p/a.png"])
def test_a_path_that_is_not_plain_stays_text(path: str) -> None:
    assert with_links(path, [path]) == path
