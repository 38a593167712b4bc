"""The steps of the demo, and its contact sheet: one HTML page that needs only the images beside it."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import signal
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from tests.providers.ledger import Charge

NOTICE = (
    "The service in this demo is simulated and runs on this machine. It draws its images itself and counts\n"
    "play money: nothing is paid, nothing leaves this machine. The commands are the shipped ones, unchanged."
)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One command: its line, its output and its cost; `document` is None if it left no result."""

    title: str
    command: str
    prompt: str
    said: str
    code: int
    charges: tuple[Charge, ...]
    paid_so_far: Decimal
    result: str
    document: dict[str, Any] | None
    observed: list[str] = field(default_factory=list)

    @property
    def killed(self) -> bool:
        """Whether SIGKILL ended it."""
        return self.code == -signal.SIGKILL

    @property
    def ended(self) -> str:
        """How it ended, in words."""
        return "Killed by SIGKILL" if self.killed else f"Exit {self.code}"

    @property
    def images(self) -> list[dict[str, Any]]:
        """The images of its result."""
        return self.document["images"] if self.document else []

    @property
    def delivered(self) -> bool:
        """Whether it succeeded with images, each of them on disk as its row describes."""
        on_disk = [hashlib.sha256(Path(row["path"]).read_bytes()).hexdigest() for row in self.images]
        return self.code == 0 and bool(on_disk) and on_disk == [row["sha256"] for row in self.images]

    @property
    def task_id(self) -> str | None:
        """The service's id of its task."""
        return self.document["task_id"] if self.document else None

    def charged(self, unit: str) -> str:
        """Return the charges of this step in the service's ledger."""
        return ", ".join(f"{one.amount} {unit} (task {one.task_id})" for one in self.charges) or "nothing"


@dataclass
class Played:
    """One chapter as it was played."""

    skill: str
    service: str
    unit: str
    steps: list[Step] = field(default_factory=list)


@dataclass
class Show:
    """All steps of the demo."""

    chapters: list[Played] = field(default_factory=list)
    observed: list[str] = field(default_factory=list)


def write_page(path: Path, show: Show) -> None:
    """Write the page; the images and the result documents are beside it."""
    now = dt.datetime.now(dt.timezone.utc)
    chapters = "\n".join(_chapter(played, path.parent) for played in show.chapters)
    page = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Contact sheet of the demo</title>
<style>{STYLE}</style>
</head>
<body>
<header>
<h1>Contact sheet</h1>
<p class="notice"><strong>This is a rehearsal with a simulated service.</strong> {escape(NOTICE)}</p>
</header>
<main>
{chapters}
<section>
<h2>All in all</h2>
{_observed(show.observed)}
</section>
</main>
<footer>Made by <code>make demo</code> on {now:%Y-%m-%d at %H:%M} UTC.</footer>
</body>
</html>
"""
    path.write_text(page, encoding="utf-8")


def _chapter(played: Played, folder: Path) -> str:
    figures = {row["path"]: _figure(row, step, folder) for step in played.steps for row in step.images}
    rows = "\n".join(_row(number, step, played.unit) for number, step in enumerate(played.steps, 1))
    return f"""<section>
<h2>{escape(played.skill)} <small>{escape(played.service)}, simulated</small></h2>
<div class="sheet">
{"".join(figures.values())}</div>
<table>
<thead><tr><th scope="col">#<th scope="col">What was run<th scope="col">What happened
<th scope="col">Charged<th scope="col">In all</tr></thead>
<tbody>
{rows}
</tbody>
</table>
</section>"""


def _figure(row: dict[str, Any], step: Step, folder: Path) -> str:
    document = step.document or {}
    cost = document["cost"]
    facts = {
        "Mode": document["mode"],
        "Size": f"{document['requested'].get('size', 'default')}, {row['width']} × {row['height']}",
        "Bytes": f"{row['bytes']:,} ({row['media_type']})",
        "SHA-256": row["sha256"],
        "Task": document["task_id"],
        "Cost": f"{cost['amount']:g} {cost['unit']}" if cost["amount"] is not None else "not stated",
    }
    terms = "".join(f"<dt>{term}<dd>{escape(str(value))}" for term, value in facts.items())
    link = escape(quote(Path(os.path.relpath(row["path"], folder)).as_posix()))
    prompt = escape(step.prompt)
    return f"""<figure>
<a href="{link}"><img src="{link}" alt="{prompt}" width="{row["width"]}" height="{row["height"]}"></a>
<figcaption><p>{prompt}</p>
<dl>{terms}</dl></figcaption>
</figure>
"""


def _row(number: int, step: Step, unit: str) -> str:
    link = f', <a href="{escape(step.result)}">its result</a>' if step.document else ""
    return f"""<tr>
<td>{number}
<td><strong>{escape(step.title)}</strong>
<pre><code>{escape(step.command)}</code></pre>
<details><summary>What it said</summary><pre>{escape(step.said)}</pre></details>
<td>{escape(step.ended)}{link}
{_observed(step.observed)}
<td class="{"paid" if step.charges else "free"}">{escape(step.charged(unit))}
<td>{step.paid_so_far} {escape(unit)}
</tr>"""


def _observed(promises: Iterable[str]) -> str:
    return '<ul class="observed">' + "".join(f"<li>{escape(promise)}" for promise in promises) + "</ul>"


STYLE = """
:root {
  color-scheme: light dark;
  --page: #f6f5f2; --card: #fff; --ink: #1f2328; --soft: #656d76; --line: #d9d7d1;
  --notice: #fff3cd; --notice-line: #d4a72c; --paid: #9a3412; --good: #1a7f37; --link: #0a58ca;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #15171a; --card: #1e2125; --ink: #e6e8ea; --soft: #9aa3ad; --line: #33383e;
    --notice: #332b12; --notice-line: #a1821f; --paid: #fdba74; --good: #57c973; --link: #7fb2ff;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 72rem; padding: 1.5rem; background: var(--page); color: var(--ink);
  font: 1rem/1.5 system-ui, "Noto Sans", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif;
}
h1 { margin: 0 0 .75rem; font-size: 1.9rem; }
h2 { margin: 2.5rem 0 1rem; font-size: 1.35rem; }
h2 small, footer, dt, summary { color: var(--soft); font-weight: normal; }
a { color: var(--link); }
.notice {
  margin: 0; padding: .9rem 1.1rem;
  background: var(--notice); border-left: .3rem solid var(--notice-line);
}
.sheet { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 1.25rem; }
figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; }
figure a { display: block; padding: .8rem .8rem 0; }
img { display: block; width: 100%; height: 18rem; object-fit: contain; }
figcaption { padding: .4rem 1.1rem 1rem; }
figcaption p { margin: .4rem 0 .7rem; font-size: 1.1rem; font-weight: 600; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: 0; font-size: .9rem; }
dd { margin: 0; overflow-wrap: anywhere; }
table { width: 100%; margin-top: 1.5rem; border-collapse: collapse; font-size: .93rem; }
th { text-align: left; color: var(--soft); font-weight: 600; }
th, td { padding: .7rem .8rem .7rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td:nth-child(2) { width: 50%; }
td:last-child { white-space: nowrap; }
pre {
  margin: .4rem 0; padding: .6rem .8rem; font-size: .82rem; white-space: pre-wrap; overflow-wrap: anywhere;
  background: var(--card); border: 1px solid var(--line); border-radius: .4rem;
}
summary { cursor: pointer; }
.paid { color: var(--paid); font-weight: 600; }
.free { color: var(--soft); }
.observed { margin: .3rem 0 0; padding: 0; list-style: none; }
.observed li { padding-left: 1.4rem; text-indent: -1.4rem; }
.observed li::before { content: "✓"; display: inline-block; width: 1.4rem; text-indent: 0; color: var(--good); }
footer { margin-top: 2.5rem; font-size: .85rem; }
@media (max-width: 48rem) {
  img { height: auto; }
  thead { display: none; }
  tr, td, td:nth-child(2) { display: block; width: auto; }
  td { padding: .3rem 0; border: 0; }
  tr { padding: .8rem 0; border-bottom: 1px solid var(--line); }
  td:nth-child(4)::before { content: "Charged: "; }
  td:last-child::before { content: "In all: "; }
}
"""
