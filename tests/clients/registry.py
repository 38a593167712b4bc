"""A simulated registry on loopback with the routes of ClawHub that publishing, installing and updating need.

Publishing is staged, as ClawHub's is: a version can wait for checks, in which the one before it stays the latest.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import threading
import zipfile
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from typing_extensions import Self

TOKEN = "dummy-token"
OWNER = "maintainer"


def _blocked(summary: str) -> dict[str, Any]:
    return {
        "isSuspicious": True,
        "isMalwareBlocked": True,
        "verdict": "malicious",
        "reasonCodes": [],
        "summary": summary,
    }


@dataclass
class Published:
    """One version of a skill, as it was sent."""

    document: dict[str, Any]
    files: dict[str, bytes]
    fingerprint: str
    looks_left: int = 0
    """How often the skill is polled before the checks let this version out."""
    blocked: str = ""
    """Why the checks have blocked it, empty if they have not."""

    @property
    def is_public(self) -> bool:
        return not self.looks_left and not self.blocked

    @property
    def version(self) -> str:
        return str(self.document["version"])


@dataclass
class Shelf:
    """The versions of one skill, oldest first."""

    versions: list[Published] = field(default_factory=list)

    @property
    def public(self) -> list[Published]:
        return [version for version in self.versions if version.is_public]

    def look(self) -> None:
        """Let the checks continue by one step."""
        for version in self.versions:
            version.looks_left = max(0, version.looks_left - 1)


class Registry:
    """The server; a context manager. `shelves` are what was published, by slug.

    `looks` is how often a skill is polled before the checks let its next version out: 0 publishes at once.
    `verdicts` are why the checks block the next version of a skill, by slug.
    """

    def __init__(self) -> None:
        self.shelves: dict[str, Shelf] = {}
        self.looks = 0
        self.verdicts: dict[str, str] = {}
        self.refused: list[str] = []
        self._uploads: dict[str, bytes] = {}
        self._asked: dict[str, str] = {}  # the fingerprint that the client last asked for, by slug
        registry = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._answer(b"")

            def do_POST(self) -> None:
                self._answer(self.rfile.read(int(self.headers["Content-Length"])))

            def _answer(self, body: bytes) -> None:
                status, answer = registry.answer(
                    self.command, self.path, body, self.headers.get("Authorization", "")
                )
                data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                kind = "application/zip" if isinstance(answer, bytes) else "application/json"
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def answer(  # noqa: C901, PLR0911  - one for each route
        self, method: str, target: str, body: bytes, authorization: str
    ) -> tuple[int, Any]:
        """Answer one request; what the routes do not know is refused and written down."""
        parts = urlsplit(target)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        route = f"{method} {parts.path}"
        skill = re.fullmatch(r"GET /api/v1/skills/([^/]+)", route)
        upload = re.fullmatch(r"POST /upload/(\w+)", route)
        if method == "POST" and "telemetry" not in route and authorization != f"Bearer {TOKEN}":
            return 401, {"error": "no token"}
        if route == "GET /api/v1/whoami":
            return 200, {"user": {"handle": OWNER}}
        if route == "GET /api/v1/resolve":
            return self._resolve(asked["slug"], asked["hash"])
        if skill and skill.group(1) in self.shelves:
            return self._metadata(skill.group(1))
        moderated = re.fullmatch(r"GET /api/v1/skills/([^/]+)/moderation", route)
        if moderated and moderated.group(1) in self.shelves:
            blocked = self.shelves[moderated.group(1)].versions[-1].blocked
            return 200, {"moderation": {**_blocked(blocked), "evidence": []} if blocked else None}
        if route == "GET /api/v1/download":
            return self._zip(asked["slug"], asked.get("version"))
        if route == "POST /api/v1/skills/-/upload-url":
            ticket = str(len(self._uploads))
            self._uploads[ticket] = b""
            return 200, {"uploadUrl": f"{self.url}/upload/{ticket}", "uploadTicket": ticket}
        if upload:
            self._uploads[upload.group(1)] = body
            return 200, {"storageId": upload.group(1)}
        if route == "POST /api/v1/skills":
            return self._publish(json.loads(body))
        if route == "POST /api/cli/telemetry/install":
            return 200, {"ok": True}
        self.refused.append(route)
        return 404, {"error": "HTTP 404"}

    def _resolve(self, slug: str, fingerprint: str) -> tuple[int, Any]:
        self._asked[slug] = fingerprint
        if slug not in self.shelves:
            return 404, {"error": "Skill not found"}
        versions = self.shelves[slug].public
        match = [one.version for one in versions if one.fingerprint == fingerprint]
        return 200, {
            "match": {"version": match[-1]} if match else None,
            "latestVersion": {"version": versions[-1].version} if versions else None,
        }

    def _publish(self, document: dict[str, Any]) -> tuple[int, Any]:
        slug, version = document["slug"], document["version"]
        versions = self.shelves.setdefault(slug, Shelf()).versions
        if version in [one.version for one in versions]:
            return 409, {"error": f"Version {version} already exists"}
        files = {one["path"]: self._uploads[one["storageId"]] for one in document["files"]}
        for one in document["files"]:
            if hashlib.sha256(files[one["path"]]).hexdigest() != one["sha256"]:
                return 400, {"error": f"{one['path']} is not what its sum says"}
        published = Published(document, files, self._asked[slug], self.looks, self.verdicts.pop(slug, ""))
        versions.append(published)
        return 200, {
            "ok": True,
            "skillId": slug,
            "versionId": f"{slug}@{version}",
            "publicationStatus": "published" if published.is_public else "pending",
        }

    def _metadata(self, slug: str) -> tuple[int, Any]:
        shelf = self.shelves[slug]
        shelf.look()
        blocked = shelf.versions[-1].blocked
        if not shelf.public and not blocked:
            return 404, {"error": "Skill not found"}
        newest = (shelf.public or shelf.versions)[-1]
        return 200, {
            "skill": {
                "slug": slug,
                "displayName": newest.document["displayName"],
                "tags": {"latest": newest.version} if shelf.public else {},
                "stats": {},
                "createdAt": 0,
                "updatedAt": 0,
            },
            "latestVersion": {
                "version": newest.version,
                "createdAt": 0,
                "changelog": newest.document["changelog"],
            }
            if shelf.public
            else None,
            "owner": {"handle": OWNER},
            "moderation": _blocked(blocked) if blocked else None,
        }

    def _zip(self, slug: str, version: str | None) -> tuple[int, Any]:
        versions = self.shelves[slug].public
        if not versions:
            return 404, {"error": "Skill not found"}
        wanted = next((one for one in versions if one.version == version), versions[-1])
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for path, data in wanted.files.items():
                archive.writestr(path, data)
        return 200, packed.getvalue()
