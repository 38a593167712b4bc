"""Count the modules, functions and changes of module on the path of one image (`python scripts/code_path.py`).

A reader who follows an image through the code opens this many files.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the simulated services do not ship, so no set-up installs them

from tests.launcher import Bench  # noqa: E402
from tests.providers.house import StandInHouse  # noqa: E402
from tests.providers.openai_images import BASE_URL  # noqa: E402

COMMANDS = {
    "image2 create": ("image2", "create_task.py", "--mode", "text2img", "--size", "1:1", "--prompt", "a cup"),
    "zm batch of one": ("zm-img2-generation-direct", "batch_run.py", '{"tasks": [{"prompt": "a cup"}]}'),
}
PROFILED = """
import atexit, json, runpy, sys, threading
root, report, launcher = sys.argv[1:4]
shipped = (root + "/shared/", root + "/skills/")
functions, modules, changes, last = set(), set(), 0, {}
def profile(frame, event, argument):
    global changes
    code = frame.f_code
    if event != "call" or code.co_name.startswith("<") or not code.co_filename.startswith(shipped):
        return
    functions.add((code.co_filename, code.co_firstlineno))
    modules.add(code.co_filename)
    thread = threading.get_ident()
    changes += last.get(thread, code.co_filename) != code.co_filename
    last[thread] = code.co_filename
def write():
    sys.setprofile(None)
    json.dump([len(modules), len(functions), changes], open(report, "w"))
atexit.register(write)
sys.argv = [launcher, *sys.argv[4:]]
threading.setprofile(profile)
sys.setprofile(profile)
runpy.run_path(launcher, run_name="__main__")
"""


def count(skill: str, launcher: str, *arguments: str) -> list[int]:
    """Return the modules, functions and changes of module of one command against the simulated services.

    Raises:
        RuntimeError: the command failed.
    """
    with tempfile.TemporaryDirectory() as folder, StandInHouse(task_seconds=0.2) as services:
        bench = Bench(Path(folder), services, skill=skill)
        configuration = bench.home / ".openclaw" / "openclaw.json"
        configuration.parent.mkdir()
        provider = {"baseUrl": BASE_URL, "apiKey": services.openai_images.key, "models": []}
        configuration.write_text(json.dumps({"models": {"providers": {"happy": provider}}}), "utf-8")
        configuration.chmod(0o600)
        report = Path(folder, "report.json")
        command = bench.argv(launcher, *arguments, "--json", "--quiet")
        done = subprocess.run(
            [command[0], "-c", PROFILED, str(ROOT), str(report), *command[1:]],
            env=bench.environment,
            cwd=bench.work,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stdout.decode() + done.stderr.decode())
        counts: list[int] = json.loads(report.read_text("utf-8"))
        return counts


def main() -> None:
    """Print the table."""
    print("| command | modules | functions | module changes |\n| --- | --- | --- | --- |")
    for name, command in COMMANDS.items():
        print(f"| {name} | " + " | ".join(map(str, count(*command))) + " |")


if __name__ == "__main__":
    main()
