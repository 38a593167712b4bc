"""Rules about the front matter, the description, and equal names and versions in every place."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from skill_index import Refused, version_in

from validation.front_matter import Malformed, parse, split

if TYPE_CHECKING:
    from collections.abc import Iterator

    from validation.bundle import Bundle

# Keys by their path; a question mark marks what may be missing. Others are dropped or refused by someone.
KEYS = {
    (): {"name", "description", "license", "metadata"},
    ("metadata",): {"version", "openclaw"},
    ("metadata", "openclaw"): {"emoji", "homepage", "requires", "primaryEnv?", "envVars?"},
    # requires.env would hide the skill from everybody whose key is elsewhere.
    ("metadata", "openclaw", "requires"): {"anyBins"},
}
VARIABLE_KEYS = {"name", "required", "description"}
PYTHONS = ["uv", "python3", "python"]
LICENSE = "MIT-0"
LONGEST_DESCRIPTION = 1024  # characters, skills-ref
FEWEST_WORDS = 3  # of a sentence that describes a skill
SHORT = 160  # characters of a description that are shown when many skills share OpenClaw's budget
CATEGORIES = {"creative"}
RESERVED_TOPICS = frozenset({
    *("approved", "audited", "certified", "clawhub", "community", "curated", "endorsed", "featured", "official"),
    *("openclaw", "recommended", "staff-pick", "trusted", "verified"),
})  # fmt: skip
"""Topics that ClawHub refuses (its sources of August 2026)."""
MOST_CATEGORIES, MOST_TOPICS, LONGEST_TOPIC = 3, 5, 48  # ClawHub's
VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
HAN = re.compile("[\u3400-\u9fff]")


def front_matter(bundle: Bundle) -> Iterator[str | None]:
    """Require our style and our keys, so that no loader drops anything and no validator objects."""
    try:
        values = parse(split(bundle.texts.get("SKILL.md", ""))[0])
    except Malformed as error:
        yield f"SKILL.md: {error}"
        return
    yield None if values else "SKILL.md: the front matter is empty"
    for path, keys in KEYS.items():
        found = bundle.value(*path)
        where = ".".join(path) or "front matter"
        if not isinstance(found, dict):
            yield f"SKILL.md: {where} is missing or holds no keys"
            continue
        allowed = {key.rstrip("?") for key in keys}
        missing = {key for key in keys if not key.endswith("?")} - found.keys()
        for key in sorted(missing | (found.keys() - allowed)):
            yield f"SKILL.md: {where} {'lacks' if key in missing else 'may not have'} {key}"
    if bundle.value("license") != LICENSE:
        yield f"SKILL.md: license is not {LICENSE}"
    if bundle.value("metadata", "openclaw", "requires", "anyBins") != PYTHONS:
        yield f"SKILL.md: requires.anyBins is not {', '.join(PYTHONS)}"
    variables = bundle.value("metadata", "openclaw", "envVars") or []
    for variable in variables if isinstance(variables, list) else [{}]:
        if not isinstance(variable, dict) or variable.keys() != VARIABLE_KEYS:
            yield f"SKILL.md: each of envVars has {', '.join(sorted(VARIABLE_KEYS))}"


def description(bundle: Bundle) -> Iterator[str | None]:
    """Require what the skill does and when to use it in the part that is always shown, in both languages."""
    text = bundle.value("description")
    if not isinstance(text, str):
        yield "SKILL.md: there is no description"
        return
    yield None
    if len(text) > LONGEST_DESCRIPTION:
        yield f"SKILL.md: the description has {len(text)} characters, more than {LONGEST_DESCRIPTION}"
    if re.search("[<>]", text):
        yield "SKILL.md: the description has < or >"
    what, _, when = text[:SHORT].partition(". ")
    if not when or len(what.split()) < FEWEST_WORDS:
        yield f"SKILL.md: the first {SHORT} characters of the description hold no whole sentence of what it does"
    if not re.search(
        r"\b[Uu]se\b.* (for|when|if|to)\b|\b[Ww]hen (the|a) user\b|\bUse (for|when|it)\b", text[:SHORT]
    ):
        yield f"SKILL.md: the first {SHORT} characters of the description do not say when to use it (Use for …)"
    if not HAN.search(text):
        yield "SKILL.md: the description holds no word that a user who writes Chinese would say"


def identity(bundle: Bundle) -> Iterator[str | None]:
    """Require one name in the index, the folder and SKILL.md, and one version wherever there is one."""
    entry = bundle.entry
    names = {"the folder": bundle.folder.name, "SKILL.md": bundle.value("name")}
    try:
        manifest = json.loads(bundle.texts.get("manifest.json", "{}"))
        version = version_in(bundle.texts.get(f"scripts/{entry.package}/__init__.py", ""))
    except (ValueError, SyntaxError, Refused) as error:
        yield f"the version cannot be read: {error}"
        return
    newest = re.search(r"^## (\S+)[^\n]*\n\s*(-?)", bundle.texts.get("CHANGELOG.md", ""), re.MULTILINE)
    versions = {
        "SKILL.md": bundle.value("metadata", "version"),
        "manifest.json": manifest.get("version"),
        "the newest entry of CHANGELOG.md": newest.group(1) if newest else None,
    }
    yield None if SLUG.fullmatch(entry.slug) else f"{entry.slug} is no slug"
    yield None if VERSION.fullmatch(version) else f"{version} is no version of three numbers"
    for where, name in {**names, "manifest.json": manifest.get("skill")}.items():
        yield None if name == entry.slug else f"{where} says {name}, the index says {entry.slug}"
    if newest and not newest.group(2):
        yield f"CHANGELOG.md says nothing of {newest.group(1)}"
    for where, told in versions.items():
        yield None if told == version else f"{where} says version {told}, the package says {version}"


def catalog(bundle: Bundle) -> Iterator[str | None]:
    """Require what ClawHub needs in the index: a display name, known categories, valid topics."""
    entry = bundle.entry
    yield None if entry.display_name.strip() else "clawhub.json: display_name is empty"
    if not (entry.categories and set(entry.categories) <= CATEGORIES and len(entry.categories) <= MOST_CATEGORIES):
        yield f"clawhub.json: categories are 1 to {MOST_CATEGORIES} of {', '.join(sorted(CATEGORIES))}"
    reserved = sorted(topic for topic in entry.topics if topic.strip().lower() in RESERVED_TOPICS)
    if reserved:
        yield f"clawhub.json: the registry keeps these topics for itself: {', '.join(reserved)}"
    fitting = [topic for topic in entry.topics if 0 < len(topic) <= LONGEST_TOPIC and "," not in topic]
    if not (0 < len(entry.topics) <= MOST_TOPICS and len(set(fitting)) == len(entry.topics)):
        yield f"clawhub.json: topics are 1 to {MOST_TOPICS} different ones of up to {LONGEST_TOPIC} characters"
