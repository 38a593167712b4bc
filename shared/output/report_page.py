"""Pages of images that work offline, without scripts: the frame, and how an image is shown and linked."""

from __future__ import annotations

import os
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

GOOD, OPEN = frozenset(("succeeded",)), frozenset(("not_started", "prepared", "submitted", "running"))
MAX_ALT = 200  # characters of a prompt that stand for its image


def page(title: str, language: str, header: str, cards: Iterable[str]) -> str:
    """Return a whole page; `title` is text, `header` and `cards` are HTML."""
    return f"""<!doctype html>
<html lang="{escape(language)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{escape(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<header>
<h1>{escape(title)}</h1>
{header}
</header>
<main>
{chr(10).join(cards)}
</main>
</body>
</html>
"""


def card(status: str, image: str, *, title: str, badge: str, text: str, facts: Mapping[str, object]) -> str:
    """Return the card of a task; `image`, `title` and `text` are HTML, empty facts are left out."""
    terms = "".join(
        f"<dt>{escape(term)}</dt><dd>{escape(str(value))}</dd>" for term, value in facts.items() if value
    )
    return f"""<article class="{tone(status)}">
{image}
<div class="text">
<h2>{title} <span class="badge">{escape(badge)}</span></h2>
{text}
<dl>{terms}</dl>
</div>
</article>"""


def picture(path: str, folder: Path, alt: str, width: object, height: object) -> str:
    """Return an image that links to its file; both sides in pixels."""
    link = relative_link(path, folder)
    size = f'width="{escape(str(width))}" height="{escape(str(height))}"'
    image = f'<img src="{link}" alt="{escape(alt[:MAX_ALT])}" {size} loading="lazy">'
    return f'<a class="picture" href="{link}">{image}</a>'


def no_picture(reason: str) -> str:
    """Return what is in the place of an image that is not there."""
    return f'<div class="nothing">{escape(reason)}</div>'


def relative_link(path: str, folder: Path) -> str:
    """Return a link to a file that works as long as both are moved together."""
    try:
        relative = Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive
        return Path(path).as_uri()
    return quote(relative)


def tone(status: str) -> str:
    """Return the CSS class of a status."""
    return "good" if status in GOOD else "open" if status in OPEN else "bad"


STYLE = """
:root {
  color-scheme: light dark;
  --page: #f4f4f1; --card: #fff; --ink: #1d2127; --soft: #646b75; --line: #dcdbd5; --well: #e9e8e3;
  --good: #1a7f37; --bad: #b3261e; --open: #8a6100; --link: #0a58ca;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #131518; --card: #1c1f23; --ink: #e7e9ec; --soft: #9aa3ad; --line: #32373d; --well: #24282d;
    --good: #57c973; --bad: #ff8a80; --open: #e3b341; --link: #7fb2ff;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 92rem; padding: 1.75rem clamp(1rem, 3vw, 2.5rem) 3rem; color: var(--ink);
  background: var(--page);
  font: 1rem/1.5 system-ui, "Noto Sans", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif;
}
h1 { margin: 0 0 .6rem; font-size: 1.8rem; overflow-wrap: anywhere; }
.chips { display: flex; flex-wrap: wrap; gap: .5rem; margin: 0 0 1rem; padding: 0; list-style: none; }
.chips li { padding: .2rem .8rem; border: 1px solid var(--line); border-radius: 2rem; background: var(--card); }
.good b, .good .badge { color: var(--good); } .bad b, .bad .badge { color: var(--bad); }
.open b, .open .badge { color: var(--open); }
.warning { padding: .7rem 1rem; border-left: .3rem solid var(--open); background: var(--card); }
.facts { display: flex; flex-wrap: wrap; gap: .4rem 2rem; margin: 0 0 1.75rem; }
.facts div { display: flex; gap: .5rem; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
main { display: grid; align-items: start; gap: 1.4rem; }
main { grid-template-columns: repeat(auto-fill, minmax(min(100%, 24rem), 1fr)); }
article {
  display: flex; flex-direction: column; overflow: hidden; background: var(--card);
  border: 1px solid var(--line); border-radius: .7rem;
}
article.bad { border-color: var(--bad); }
.picture, .nothing { display: grid; place-items: center; height: 22rem; background: var(--well); }
.picture img { width: 100%; height: 22rem; object-fit: contain; }
.nothing { color: var(--soft); font-style: italic; height: 9rem; }
.text { padding: .9rem 1.1rem 1.1rem; }
h2 { display: flex; gap: .6rem; align-items: baseline; margin: 0; font-size: 1.05rem; overflow-wrap: anywhere; }
.number { color: var(--soft); font-variant-numeric: tabular-nums; }
.badge { margin-left: auto; font-size: .85rem; white-space: nowrap; }
.prompt { margin: .5rem 0 .8rem; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 12rem; }
.prompt { overflow: auto; }
.error { color: var(--bad); margin: .4rem 0 .8rem; }
.references { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem; margin: 0 0 .8rem; }
.references span { color: var(--soft); }
.references img { height: 3.2rem; min-width: 3.2rem; object-fit: cover; border-radius: .3rem; display: block; }
article dl {
  display: grid; grid-template-columns: max-content 1fr; gap: .15rem .9rem; margin: 0; font-size: .86rem;
}
article dd { font-variant-numeric: tabular-nums; }
a { color: var(--link); }
@media print {
  html { font-size: 70%; }
  body { max-width: none; padding: 0; }
  main { grid-template-columns: 1fr 1fr; }
  article { break-inside: avoid; }
  .picture, .picture img { height: 14rem; }
  .prompt { max-height: none; }
}
"""
