"""The HTML report of a batch, for the person who reviews its images; it works offline."""

from __future__ import annotations

import os
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from shared.timefmt import parse_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.i18n.catalog import Catalog

GOOD, OPEN = frozenset(("succeeded",)), frozenset(("not_started", "prepared", "submitted", "running"))


def report_page(
    folder: Path, document: Mapping[str, Any], definitions: Mapping[int, Any], catalog: Catalog
) -> str:
    """Return the HTML report of a batch's result document; `definitions` are the tasks as written, by index.

    Images are linked relative to `folder`, so that the folder can be moved or sent; reference images are not
    copied, and are named where they cannot be shown.
    """
    say = catalog.format
    counters = document["counters"]
    cards = "\n".join(
        _card(row, _prompt(definitions.get(row["index"])), folder, catalog) for row in document["results"]
    )
    facts = {
        say("report_provider"): f"{document['provider']} / {document['model'] or '–'}",
        say("report_finished"): f"{parse_time(document['finished_at']):%Y-%m-%d %H:%M} UTC",
        say("report_seconds"): f"{document['elapsed_seconds']:.0f} s",
        say("report_charges"): str(document["possible_charges"]),
    }
    terms = "".join(f"<div><dt>{escape(term)}</dt><dd>{escape(value)}</dd></div>" for term, value in facts.items())
    done = f"<b>{counters['succeeded']}/{counters['total']}</b> {escape(say('report_done'))}"
    chips = "".join(
        f'<li class="{_tone(status)}"><b>{count}</b> {escape(say(f"row_{status}"))}</li>'
        for status, count in counters.items()
        if count and status not in {"total", "succeeded"}
    )
    reason = document.get("proof", {}).get("reason")
    warning = f'<p class="warning">{escape(reason)}</p>' if reason else ""
    return f"""<!doctype html>
<html lang="{catalog.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{escape(folder.name)}</title>
<style>{STYLE}</style>
</head>
<body>
<header>
<h1>{escape(folder.name)}</h1>
<ul class="chips"><li>{done}</li>{chips}</ul>
{warning}
<dl class="facts">{terms}</dl>
</header>
<main>
{cards}
</main>
</body>
</html>
"""


def _card(row: Mapping[str, Any], prompt: str, folder: Path, catalog: Catalog) -> str:
    say = catalog.format
    status = say("row_reused") if row["reused"] else say(f"row_{row['status']}")
    facts = {
        say("report_model"): row["model"],
        say("report_mode"): say(f"mode_{row['mode']}") if row["mode"] else None,
        say("report_took"): f"{row['elapsed_seconds']:.1f} s",
    }
    if row["output"]:
        facts |= {
            say("report_size"): _size(row, catalog),
            say("report_bytes"): f"{row['bytes']:,} ({row['media_type']})",
            "SHA-256": row["sha256"],
        }
    title = f'<span class="number">{row["index"]}</span> {escape(row["task_name"])}'
    terms = "".join(
        f"<dt>{escape(term)}</dt><dd>{escape(str(value))}</dd>" for term, value in facts.items() if value
    )
    error = f'<p class="error">{escape(row["error"]["message"])}</p>' if row["error"] else ""
    return f"""<article class="{_tone(row["status"])}">
{_pictures(row, prompt, folder, catalog)}
<div class="text">
<h2>{title} <span class="badge">{escape(status)}</span></h2>
<p class="prompt">{escape(prompt)}</p>
{error}
{_references(row, folder, catalog)}
<dl>{terms}</dl>
</div>
</article>"""


def _size(row: Mapping[str, Any], catalog: Catalog) -> str:
    """Return the size of an image, and the requested size if it differs."""
    requested, sides = row["requested"]["size"], f"{row['width']} × {row['height']}"
    if requested in {"auto", f"{row['width']}x{row['height']}"}:
        return sides
    return f"{sides} {catalog.format('report_asked', size=requested)}"


def _pictures(row: Mapping[str, Any], prompt: str, folder: Path, catalog: Catalog) -> str:
    if not row["images"]:
        return f'<div class="nothing">{escape(catalog.format("report_no_picture"))}</div>'
    return "\n".join(_picture(image, prompt, folder) for image in row["images"])


def _picture(image: Mapping[str, Any], prompt: str, folder: Path) -> str:
    link = _link(image["path"], folder)
    size = f'width="{image["width"]}" height="{image["height"]}"'
    shown = f'<img src="{link}" alt="{escape(prompt[:200])}" {size} loading="lazy">'
    return f'<a class="picture" href="{link}">{shown}</a>'


def _references(row: Mapping[str, Any], folder: Path, catalog: Catalog) -> str:
    if not row["input_images"]:
        return ""
    images = "".join(
        f'<a href="{link}" title="{name}"><img src="{link}" alt="{name}" loading="lazy"></a>'
        for reference in row["input_images"]
        for link, name in ((_link(reference["path"], folder), escape(Path(reference["path"]).name)),)
    )
    return f'<div class="references"><span>{escape(catalog.format("report_references"))}</span>{images}</div>'


def _link(path: str, folder: Path) -> str:
    try:
        relative = Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive
        return Path(path).as_uri()
    return quote(relative)


def _prompt(definition: Any) -> str:
    return str(definition.get("prompt", "")) if isinstance(definition, dict) else ""


def _tone(status: str) -> str:
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
