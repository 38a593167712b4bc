"""Rules that read the code: requirements, sentences in both languages, declared variables."""

from __future__ import annotations

import ast
import re
import string
from typing import TYPE_CHECKING

from validation.variables import reads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from validation.bundle import Bundle

INLINE = re.compile(r"^# /// script\n((?:#(?: .*)?\n)+?)# ///$", re.MULTILINE)  # PEP 723
OLDEST_PYTHON = '">=3.10"'
HAN = re.compile("[\u3400-\u9fff]")

# What everybody's programs read (Python, terminals, locales, proxies, OpenClaw) is not the skill's to declare.
PLATFORM_VARIABLES = frozenset(
    [
        *("HOME", "LANG", "LC_ALL", "NO_COLOR", "PATH", "PYTHONIOENCODING", "TERM"),
        *("CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSLKEYLOGFILE", "SSL_CERT_FILE"),
        *("OPENCLAW_CONFIG_PATH", "OPENCLAW_HOME", "OPENCLAW_INCLUDE_ROOTS", "OPENCLAW_STATE_DIR"),
        *("APPDATA", "PYTHONPATH", "UV_CONFIG_FILE", "XDG_CONFIG_HOME"),
        *("PIP_DRY_RUN", "PIP_PREFIX", "PIP_PYTHON", "PIP_ROOT", "PIP_TARGET", "PIP_USER"),
        "IMAGE_SKILLS_SECOND_START",
    ]
)


def requirements(bundle: Bundle) -> Iterator[str | None]:
    """Require that each launcher's header names the Python and the packages of requirements.txt."""
    listed = bundle.texts.get("requirements.txt", "").split()
    for path in bundle.launchers:
        if not path.endswith(".py"):
            continue
        header = INLINE.search(bundle.texts[path])
        if not header:
            yield f"{path} has no PEP 723 header"
            continue
        text = re.sub(r"^# ?", "", header.group(1), flags=re.MULTILINE)
        named = re.findall(r'^  "([^"]+)",$', text, re.MULTILINE)
        same = sorted(named) == sorted(listed) and f"requires-python = {OLDEST_PYTHON}\n" in text
        yield (
            None
            if same
            else f"{path} asks for other packages or another Python than requirements.txt and the rest"
        )


def languages(bundle: Bundle) -> Iterator[str | None]:
    """Require of every sentence an English and a Chinese wording with the same facts in them."""
    for path, tree in bundle.modules.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Translation":
                wrong = _wrong_sentence(node)
                yield f"{path}:{node.lineno} {wrong}" if wrong else None


def _wrong_sentence(call: ast.Call) -> str:
    texts = [str(argument.value) for argument in call.args if isinstance(argument, ast.Constant)]
    if len(texts) != len(("English", "Chinese")) or call.keywords or not all(text.strip() for text in texts):
        return "has not one English and one Chinese wording"
    english, chinese = texts
    # A name or a unit may be the same in both; a sentence may not.
    if HAN.search(english) or (" " in chinese and not HAN.search(chinese) and not _facts(chinese)):
        return "has its languages the wrong way round, or one of them twice"
    return "" if _facts(english) == _facts(chinese) else "tells other facts in Chinese than in English"


def _facts(text: str) -> set[str]:
    try:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}
    except ValueError:
        return {"malformed"}


def variables(bundle: Bundle) -> Iterator[str | None]:
    """Require that the front matter declares exactly the variables that the skill's code reads."""
    primary = bundle.value("metadata", "openclaw", "primaryEnv")
    listed = bundle.value("metadata", "openclaw", "envVars")
    rows = listed if isinstance(listed, list) else []
    declared = {str(row["name"]) for row in rows if isinstance(row, dict) and isinstance(row.get("name"), str)}
    if primary is not None and primary not in declared:
        yield f"SKILL.md: primaryEnv {primary} is not among envVars"
    found: set[str] = set()
    for read in reads(bundle.modules, bundle.texts):
        if read.name is None:
            yield f"{read.path}:{read.line} reads a variable whose name the code does not tell"
        else:
            found.add(read.name)
    for name in sorted(found | declared):
        if name in found and name not in declared | PLATFORM_VARIABLES:
            yield f"the code reads {name}, which SKILL.md does not declare"
        elif name not in found:
            yield f"SKILL.md declares {name}, which no code reads"
        else:
            yield None
