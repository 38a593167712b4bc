"""Work on text from outside grows no faster than its length: a megabyte takes CPU seconds, not hours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SIZE = 1 << 20  # characters; with quadratic work, 10^12 steps
CPU_SECONDS = 20  # of the child's own time, whatever else the machine does; linear work takes about one
PREFACE = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_CPU, ({CPU_SECONDS}, {CPU_SECONDS}))
sys.path[:0] = [{str(ROOT)!r}]
size = {SIZE}
def long(piece): return (piece * (size // len(piece) + 1))[:size]
"""
REDACT = "from shared.security.keys import Secret, redact, redact_values; Secret('dummy-key-of-a-test'); "
CASES = {
    **{
        f"the redactor: {piece!r}": f"{REDACT}redact(long({piece!r}))"
        for piece in (
            "http://", "://", "https://a@", "http://a?", "http://?", "?", "@", "sig", "dummy-key-", " http://a#",
        )
    },
    "the redactor within JSON": f"{REDACT}redact_values([long('http://')] * 9)",
    "a short key that stands everywhere": f"{REDACT}Secret('abcd'); redact(long('abcd.'))",
    **{
        f"a service's words: {piece!r}": f"from shared.i18n.catalog import sanitize_line, short_repr\n"
        f"sanitize_line(long({piece!r})); "
        f"short_repr(long({piece!r}))"
        for piece in ("http://", "media:", "\n", "\u200b", "MEDIA")
    },
    **{
        f"lines for the agent: {piece!r}": "from shared.i18n.catalog import harmless\n"
        f"harmless(long({piece!r}))"
        for piece in ("\n", "_", "\n_", "media", "\nmedia ")
    },
    **{
        f"an address: {piece!r}": "from shared.http.urls import InvalidUrl, check_public_url, without_query\n"
        f"for start in ('https://', 'https://a.example/', ''):\n"
        f"    without_query(start + long({piece!r}))\n"
        f"    try: check_public_url(start + long({piece!r}))\n"
        f"    except InvalidUrl: pass\n"
        for piece in ("a.", "a@", ":", "[", "sig", "/", "ß", "?a", "http://")
    },
    **{
        f"a command's line: {piece!r}": f"from shared.output.result import shell_line\n"
        f"shell_line(['a', long({piece!r})])"
        for piece in ("\n", "\n ", "\nmedia", "'", "media:")
    },
    **{
        f"what urllib3 logs: {piece!r}": "from shared.http.transport import QUERY\n"
        f"QUERY.sub('', long({piece!r}))"
        for piece in ("?", "??a", "http://")
    },
    **{
        f"JSON: {piece!r}": "from shared.http.response import HttpResponse\n"
        f"try: HttpResponse(200, {{}}, (b'[' + long({piece!r}).encode() + b'0]')).json()\n"
        "except ValueError: pass\n"
        for piece in ("[", '{"a":', "1", "[],", '"\\ud800",', "[[],[]],", "1e5,", '{"a":1},')
    },
    "Retry-After": "from shared.http.response import retry_after_seconds; retry_after_seconds(long('9, '))",
    "a proxy setting": "from shared.errors import ConfigurationError\nfrom shared.http.proxy import parse_proxy\n"
    "try: parse_proxy('http://' + long('a:@'), 'X')\nexcept ConfigurationError: pass\n",
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_megabyte_takes_no_more_than_linear_work(name: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PREFACE + CASES[name]], capture_output=True, text=True, timeout=500, check=False
    )
    assert ended.returncode == 0, ended.stderr[-500:] or f"more than {CPU_SECONDS} s of CPU time"
