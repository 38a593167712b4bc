"""The judge: everything that must hold when a command met a fault, checked for every row in the same way."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import jsonschema

from shared.images.validate import EXTENSIONS, InvalidImage, inspect_image
from shared.journal import schema
from shared.journal.entry import UNFINISHED
from tests.contract.evidence import files, halves, traces, tree
from tests.contract.paid import SCHEMA
from tests.faults.processes import alive_with

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.faults.fault import End, Fault
    from tests.faults.scene import Run, Scene

UNKNOWN = 10  # exit code
GRACE = 5.0  # seconds after the deadline
FOR_THE_AGENT = re.compile(rb"(?m)^\s*MEDIA:", re.IGNORECASE)
VALIDATE = jsonschema.Draft202012Validator(SCHEMA)


def judge(scene: Scene, fault: Fault, last: Run, end: End) -> list[str]:
    """Return what does not hold, nothing when the fault is survived; runs the next command that the end names."""
    document = document_of(last) if "stdout" not in fault.spares else {}
    wrong = [
        f"{name}: {one}"
        for name, check in _AT_THE_END.items()
        if name not in fault.spares
        for one in check(scene, last, document, end)
    ]
    if end.code == UNKNOWN:
        wrong += [f"again: {one}" for one in _again(scene, end)]
    if "next" not in fault.spares:
        wrong += [f"next: {one}" for one in _next(scene, document, end)]
    for name, check_all in _AFTER_ALL.items():
        if name not in fault.spares:
            wrong += [f"{name}: {one}" for one in check_all(scene, fault)]
    return wrong


def document_of(run: Run) -> dict[str, Any]:
    """Return the JSON document on stdout, empty when there is not exactly one."""
    lines = run.stdout.decode(errors="replace").splitlines()
    try:
        document = json.loads(lines[0]) if len(lines) == 1 else None
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


# What the run that is judged has to tell, and what it may have cost


def _ending(_scene: Scene, last: Run, document: dict[str, Any], end: End) -> Iterator[str]:
    error = (document.get("error") or {}).get("code")
    if (last.code, error) != (end.code, end.error):
        yield f"exit {last.code} {error} instead of {end.code} {end.error}; {last.talk[-600:]}"


def _money(scene: Scene, last: Run, document: dict[str, Any], end: End) -> Iterator[str]:
    charges = len(scene.house.ledger)
    if charges != end.charges:
        yield f"{charges} charges in the ledger instead of {end.charges}"
    entries = {entry.local_id: entry for entry in scene.entries()}
    possible = sum(entry.possible_charges for entry in entries.values())
    if document:
        charged, told = document["charged"], document["possible_charges"]
        possible += 0 if document["local_id"] in entries else told
        if (charged == "no") != (told == 0) and not document["reused"] and document["requested"]:
            yield f"charged {charged} with {told} possible charges"
        entry = entries.get(document["local_id"])
        if (
            scene.runs[-1] is last
            and entry
            and end.code != 12
            and (entry.charged, entry.possible_charges) != (charged, told)
        ):
            yield f"the entry says {entry.charged} and {entry.possible_charges}, the result {charged} and {told}"
        if len(entries) == 1 and charges and charged == "no":
            yield "charged, and the result says no"
        if len(entries) == 1 and not charges and charged == "yes":
            yield "not charged, and the result says yes"
    if charges > possible:
        yield f"{charges} charges, and only {possible} are known to be possible"


def _ids(scene: Scene, _last: Run, _document: dict[str, Any], _end: End) -> Iterator[str]:
    journal = json.dumps([asdict(entry) for entry in scene.entries()], ensure_ascii=False)
    for task_id in scene.given:
        spelled = json.dumps(task_id)[1:-1]
        on_both = any(
            (spelled.encode() in run.stdout or run.killed) and task_id.encode() in run.stderr for run in scene.runs
        )
        if spelled not in journal and not on_both:
            yield f"{task_id[:80]} is neither in the journal nor on both streams"


_AT_THE_END: dict[str, Callable[[Scene, Run, dict[str, Any], End], Iterator[str]]] = {
    "end": _ending,
    "money": _money,
    "ids": _ids,
}


# What the same command and the next one do


def _again(scene: Scene, end: End) -> Iterator[str]:
    found_out = scene.subject.looks_back and end.charges
    expected = (0, None) if found_out else (UNKNOWN, scene.subject.unknown_before)
    spent, charges = scene.spent, len(scene.house.ledger)
    run = scene.run()
    error = (document_of(run).get("error") or {}).get("code")
    if (run.code, error) != expected:
        yield f"the same command ended with {run.code} {error}"
    if (scene.spent, len(scene.house.ledger)) != (spent, charges):
        yield "the same command sent a paid request"


def made(document: dict[str, Any]) -> bool:
    """Return whether images or clips came of a command."""
    return bool(document.get("images") or document.get("videos"))


def _next(scene: Scene, document: dict[str, Any], end: End) -> Iterator[str]:
    told = (document.get("error") or {}).get("next")
    if (told is None) != (end.then is None):
        yield f"the error names {told and told['shell']} as the next command"
    if told is None or end.then is None:
        return
    scene.cure()
    patience = ["--timeout", f"{scene.limit:g}"] if end.then == UNKNOWN and "--resume" in told["argv"] else []
    run = scene.follow(told, *patience)  # else it would wait a quarter of an hour for what will never come
    if run.code != end.then:
        yield f"{told['shell']} ended with {run.code} instead of {end.then}: {run.talk[-600:]}"
    if end.then == 0 and "set-aside" not in told["argv"] and not made(document_of(run)):
        yield "no picture came of it"
    if end.then == 0 and set(scene.states()) & UNFINISHED:
        yield f"entries are left as {scene.states()}"
    charges, after = len(scene.house.ledger), end.charges if end.after is None else end.after
    if charges != after:
        yield f"{charges} charges after it instead of {after}"


# What holds of every run of the scene


def _streams(scene: Scene, fault: Fault) -> Iterator[str]:
    for run in scene.runs:
        if b"Traceback" in run.stdout + run.stderr:
            yield f"a traceback: {run.talk[-900:]}"
        if FOR_THE_AGENT.search(run.stdout + b"\n" + run.stderr):
            yield "a line that begins with MEDIA:"
        if run.killed or "stdout" in fault.spares or not run.is_json:
            continue
        document = document_of(run)
        if not document:
            yield f"not one document: {run.stdout[-300:]!r}"
            continue
        if "schema_version" in document:
            for error in VALIDATE.iter_errors(document):
                yield f"the document is not as its schema says: {error.message[:200]}"


def _time(scene: Scene, fault: Fault) -> Iterator[str]:
    for run in scene.runs:
        if run.seconds > run.limit + GRACE + fault.beyond:
            yield f"it took {run.seconds:.1f} s with a deadline of {run.limit:g} s"


def _processes(scene: Scene, _fault: Fault) -> Iterator[str]:
    for process_id in alive_with(str(scene.folder)):
        yield f"process {process_id} is left"


def _places(scene: Scene, _fault: Fault) -> Iterator[str]:
    bench = scene.bench
    homes = {str(bench.home / ".openclaw"), str(scene.output), str(bench.work / "generated-images")}
    if scene.subject.keeps:
        kept = bench.home / scene.subject.keeps
        homes |= {str(kept), str(kept.parent)}
    allowed = tuple(f"{folder}/" for folder in homes if folder != str(bench.home / ".config"))
    after = tree(bench.home, bench.work, scene.folder / "tmp")
    configuration = str(bench.home / ".openclaw" / "openclaw.json")
    for path in sorted(scene.before.keys() | after.keys()):
        free = (path.startswith(allowed) or path in homes) and path != configuration
        if not free and scene.before.get(path, "absent") != after.get(path, "absent"):
            yield f"{path} was changed outside state and output folders"


def _files(scene: Scene, _fault: Fault) -> Iterator[str]:
    for path in _pictures(scene):
        try:
            inspect_image(path)
        except InvalidImage as error:
            yield f"{path} is no whole picture: {error}"
    database = scene.bench.journal
    if str(database) not in scene.spared and database.exists():
        try:
            with closing(schema.connect(database, "read")) as connection:
                words = [row[0] for row in connection.execute("PRAGMA integrity_check")]
        except sqlite3.DatabaseError as error:
            words = [str(error)]
        if words != ["ok"]:
            yield f"{database} is damaged: {words}"


def _pictures(scene: Scene) -> Iterator[Path]:
    for folder in (scene.output, scene.bench.home / ".openclaw" / "media"):
        for path in folder.rglob("*") if folder.is_dir() else ():
            if path.suffix in EXTENSIONS.values() and not path.name.startswith("."):
                yield path


def _secrets(scene: Scene, _fault: Fault) -> Iterator[str]:
    bench, recorder = scene.bench, scene.house.recorder
    kept = [bench.home / ".netrc", bench.home / ".openclaw" / "openclaw.json"]
    kept += (bench.home / scene.subject.keeps).glob("*") if scene.subject.keeps else []
    places = files(scene.folder, but_not=kept)
    for number, run in enumerate(scene.runs, 1):
        places |= {f"stdout of run {number}": run.stdout, f"stderr of run {number}": run.stderr}
    shown = {name: told for run in scene.runs for name, told in run.seen.items()}
    heads = b"".join(scene.house.proxy.heads)
    given = scene.subject.given_secrets(scene.house)
    for name, secret in {**scene.secrets, **given}.items():
        environments = name not in ("key", *given)  # what the user's own environment holds is handed on
        more = {place: told for place, told in shown.items() if not (environments and place.startswith("env"))}
        more |= {"the proxy": b""} if name == "proxy" else {"the proxy": heads}
        for number, request in enumerate(recorder.requests):
            if not (name in ("key", *given) and request.host in scene.subject.key_hosts):
                more[f"request {number} to {request.host}"] = request.head + request.body
        for found in (*traces(secret, {**places, **more}), *halves(secret, {**places, **more})):
            yield f"{name} in {found}"
    for request in recorder.requests_to(scene.upload_place[1], host=scene.upload_place[0]):
        for signature in request.query.get("signature", ()):
            for place in (place for place, content in places.items() if signature.encode() in content):
                yield f"an upload's signature in {place}"


_AFTER_ALL: dict[str, Callable[[Scene, Fault], Iterator[str]]] = {
    "streams": _streams,
    "time": _time,
    "processes": _processes,
    "places": _places,
    "files": _files,
    "secrets": _secrets,
}
