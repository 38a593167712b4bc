"""The import rules of docs/architecture.md as tables, and the checker that holds shipped code to them."""

import ast
import builtins
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath


@dataclass(frozen=True)
class Layer:
    """What a module of a skill's package may import of its own package and of shared."""

    own: frozenset[str]
    shared: frozenset[str]


def layer(own: str, shared: str) -> Layer:
    return Layer(frozenset(own.split()), frozenset(shared.split()))


# argv goes down this list and the answer comes back up; an import never does. A module that is not listed has no
# layer yet and fails. `__init__` holds the version and nothing else.
LAYERS = {
    "__init__": layer(own="", shared=""),
    "cli": layer(
        own="client generate request service texts wire",
        shared="command doctor_command entry errand errors files images interrupts journal keys messages openclaw "
        "polling progress prompts result run service_url tasks_command texts",
    ),
    "service": layer(
        own="client generate request texts wire",
        shared="command entry errand errors images journal keys messages openclaw polling run service_url",
    ),
    "generate": layer(
        own="client request wire",
        shared="entry errand errors estimates files images interrupts journal keys messages openclaw pictures "
        "polling progress result run spend summary texts urls watcher",
    ),
    "client": layer(own="request wire", shared="errors http http_answer keys messages texts urls"),
    "wire": layer(own="request", shared="entry errors messages texts urls"),
    "request": layer(own="", shared="errors messages references texts urls"),
    "texts": layer(own="", shared="messages texts"),
}

# What a package has besides, or has otherwise.
OWN_LAYERS = {
    "ima_studio": {
        "cli": layer(
            own="client generate offers preferences request service telling texts wire",
            shared="command doctor_command entry errand errors files images interrupts journal keys "
            "messages openclaw polling progress prompts result run service_url tasks_command texts",
        ),
        "service": layer(
            own="client generate listing logbook offers products request telling texts wire",
            shared="command entry errand errors images journal keys messages openclaw polling run",
        ),
        "generate": layer(
            own="client finish looks offers products purchase request telling uploads wire",
            shared="entry errand errors estimates images interrupts journal keys messages openclaw "
            "pictures polling progress result run spend summary texts urls watcher",
        ),
        "finish": layer(
            own="client details looks telling",
            shared="entry errand errors images journal polling result run urls",
        ),
        "listing": layer(
            own="products request",
            shared="messages",
        ),
        "looks": layer(
            own="client details request",
            shared="entry errand errors estimates journal polling watcher",
        ),
        "purchase": layer(
            own="client offers products request wire",
            shared="entry errand errors journal polling spend",
        ),
        "telling": layer(
            own="offers products purchase request",
            shared="entry errors run texts",
        ),
        "uploads": layer(
            own="client request",
            shared="errors polling references",
        ),
        "logbook": layer(
            own="",
            shared="entry files keys messages",
        ),
        "preferences": layer(
            own="request",
            shared="entry files",
        ),
        "client": layer(
            own="details offers products request wire",
            shared="errors http http_answer keys messages polling texts urls",
        ),
        "details": layer(
            own="",
            shared="errors messages",
        ),
        "wire": layer(
            own="offers request",
            shared="entry errors messages texts urls",
        ),
        "offers": layer(
            own="products request",
            shared="errors messages",
        ),
        "products": layer(
            own="request",
            shared="",
        ),
        "request": layer(
            own="",
            shared="errors messages references texts urls",
        ),
    },
    "nemovideo": {
        "cli": layer(
            own="examining export_cli message_cli request service_cli session_cli texts",
            shared="arguments command doctor_command run tasks_command",
        ),
        "session_cli": layer(
            own="free_commands service_cli",
            shared="command run",
        ),
        "free_commands": layer(
            own="draft message_options preparing request routing service sessions snapshot wire",
            shared="command errors files journal messages openclaw run texts",
        ),
        "export_cli": layer(
            own="export_options service_cli",
            shared="command run",
        ),
        "message_cli": layer(
            own="message_options service_cli",
            shared="command run",
        ),
        "export_options": layer(
            own="exporting request service wire",
            shared="command errors messages openclaw run texts",
        ),
        "message_options": layer(
            own="attachments exporting generate hands request service wire",
            shared="command entry errand errors prompts run",
        ),
        "exporting": layer(
            own="draft hands outcome preparing rendering renders request saving",
            shared="errand errors http_download images run texts",
        ),
        "rendering": layer(
            own="hands renders request snapshot",
            shared="errand errors polling spend watcher",
        ),
        "billing": layer(
            own="hands settling wire",
            shared="entry errors",
        ),
        "generate": layer(
            own="hands listening outcome preparing request wire",
            shared="arguments entry errand errors estimates http_stream journal run spend",
        ),
        "examining": layer(
            own="account client service wire",
            shared="doctor_command keys texts",
        ),
        "outcome": layer(
            own="billing draft events hands listening preparing refusals saving settling snapshot talk wire",
            shared="entry errand errors images journal keys run summary texts urls",
        ),
        "preparing": layer(
            own="attachments connection hands request snapshot wire",
            shared="entry errand errors journal run",
        ),
        "service": layer(
            own="account client connection hands request sessions wire",
            shared="command errand errors images journal keys openclaw polling run service_url",
        ),
        "hands": layer(
            own="connection sessions",
            shared="journal",
        ),
        "connection": layer(
            own="account client wire",
            shared="errors keys polling run",
        ),
        "client": layer(
            own="attachments refusals renders request snapshot wire",
            shared="errors http http_answer http_stream keys urls",
        ),
        "kept_part": layer(
            own="",
            shared="errors files keys openclaw part_files",
        ),
        "saving": layer(
            own="attachments kept_part snapshot",
            shared="errors files http_download images polling run",
        ),
        "settling": layer(
            own="listening snapshot",
            shared="errors polling run watcher",
        ),
        "account": layer(
            own="wire",
            shared="errors files keys texts",
        ),
        "renders": layer(
            own="wire",
            shared="errors messages",
        ),
        "snapshot": layer(
            own="wire",
            shared="errors urls",
        ),
        "listening": layer(
            own="event_stream events",
            shared="errors http_stream progress",
        ),
        "refusals": layer(
            own="",
            shared="errors messages texts",
        ),
        "wire": layer(
            own="refusals request",
            shared="errors keys messages texts",
        ),
        "events": layer(
            own="event_stream",
            shared="keys messages",
        ),
        "request": layer(
            own="attachments",
            shared="errors messages texts urls",
        ),
        "attachments": layer(
            own="",
            shared="errors files messages openclaw other_formats pictures texts",
        ),
        "draft": layer(
            own="",
            shared="keys messages",
        ),
        "event_stream": layer(
            own="",
            shared="",
        ),
        "routing": layer(
            own="",
            shared="",
        ),
        "service_cli": layer(
            own="",
            shared="command errors",
        ),
        "sessions": layer(
            own="",
            shared="entry files keys",
        ),
        "talk": layer(
            own="",
            shared="keys messages",
        ),
        "texts": layer(
            own="",
            shared="texts",
        ),
    },
    "openai_images": {
        "texts": layer(
            own="texts_of_many texts_of_provider texts_of_service",
            shared="texts",
        ),
        "texts_of_provider": layer(
            own="",
            shared="texts",
        ),
        "texts_of_many": layer(
            own="",
            shared="texts",
        ),
        "answer": layer(
            own="",
            shared="",
        ),
        "lifeline": layer(
            own="",
            shared="interrupts",
        ),
        "attempts": layer(
            own="refusal wire",
            shared="entry errors interrupts journal polling spend",
        ),
        "batch": layer(
            own="batch_task client generate hands queue_rows run_folder",
            shared="command entry errand errors files interrupts polling progress run texts",
        ),
        "batch_task": layer(
            own="attempts client draft provider request rows run_folder",
            shared="entry errors interrupts journal progress result run summary",
        ),
        "batch_cli": layer(
            own="batch batch_record batch_task cli client provider request settings task_file",
            shared="command errors interrupts journal messages openclaw run",
        ),
        "batch_record": layer(
            own="batch_task folders report rows",
            shared="entry errors files images interrupts journal result",
        ),
        "cli": layer(
            own="client doctor draft folders generate hands lifeline provider request run_folder settings texts "
            "wire",
            shared="command doctor_command errand errors images journal keys messages openclaw polling prompts "
            "run tasks_command",
        ),
        "client": layer(
            own="extraction framing package provider refusal wire",
            shared="errors http http_answer urls",
        ),
        "delivery": layer(
            own="answer client extraction framing source wire",
            shared="errors files images part_files pictures polling texts",
        ),
        "extraction": layer(
            own="answer framing markup source",
            shared="",
        ),
        "framing": layer(
            own="answer",
            shared="",
        ),
        "markup": layer(
            own="answer source",
            shared="",
        ),
        "source": layer(
            own="answer",
            shared="",
        ),
        "package": layer(
            own="request wire",
            shared="files",
        ),
        "refusal": layer(
            own="",
            shared="errors messages refusals texts",
        ),
        "saving": layer(
            own="delivery hands run_folder wire",
            shared="entry errand errors images journal urls",
        ),
        "texts_of_service": layer(
            own="",
            shared="texts",
        ),
        "draft": layer(
            own="provider request",
            shared="entry",
        ),
        "folders": layer(
            own="",
            shared="errors files messages texts trusted_folders",
        ),
        "generate": layer(
            own="attempts delivery hands package provider request run_folder saving waiting wire",
            shared="entry errand errors estimates files interrupts journal messages texts",
        ),
        "hands": layer(
            own="attempts client provider",
            shared="journal",
        ),
        "mock_task": layer(
            own="lifeline",
            shared="",
        ),
        "queue_process": layer(
            own="lifeline",
            shared="files",
        ),
        "base_url": layer(
            own="provider_entry",
            shared="errors messages texts urls",
        ),
        "doctor": layer(
            own="base_url client provider provider_entry settings",
            shared="doctor_command errors keys openclaw",
        ),
        "provider": layer(
            own="base_url provider_entry",
            shared="errors keys openclaw",
        ),
        "provider_entry": layer(
            own="",
            shared="config_files config_variables errors openclaw texts",
        ),
        "queue_cli": layer(
            own="cli queue_intake queue_looks_cli queue_rows queue_runner queue_store rows",
            shared="command errors interrupts journal openclaw run",
        ),
        "queue_looks_cli": layer(
            own="queue_rows queue_store rows settings",
            shared="command errors files messages openclaw run texts",
        ),
        "queue_intake": layer(
            own="mock_task provider queue_command queue_rows queue_runner queue_store request settings task_file",
            shared="command errors files openclaw prompts run texts",
        ),
        "queue_command": layer(
            own="request",
            shared="run",
        ),
        "queue_runner": layer(
            own="queue_command queue_process queue_rows queue_store rows",
            shared="errors files interrupts journal messages result run",
        ),
        "queue_rows": layer(
            own="",
            shared="entry openclaw",
        ),
        "queue_store": layer(
            own="folders queue_rows",
            shared="entry files",
        ),
        "report": layer(
            own="",
            shared="entry messages",
        ),
        "request": layer(
            own="",
            shared="errors messages references",
        ),
        "rows": layer(
            own="",
            shared="result",
        ),
        "run_folder": layer(
            own="package provider request wire",
            shared="entry errors files interrupts keys messages result run",
        ),
        "self_test": layer(
            own="provider verify",
            shared="errors files",
        ),
        "settings": layer(
            own="attempts provider request",
            shared="command errors messages run",
        ),
        "task_file": layer(
            own="request settings",
            shared="command errors messages prompts run texts",
        ),
        "verify": layer(
            own="provider",
            shared="errors files messages openclaw pictures",
        ),
        "verify_cli": layer(
            own="cli self_test verify",
            shared="command errors messages run",
        ),
        "waiting": layer(
            own="",
            shared="polling run watcher",
        ),
        "wire": layer(
            own="answer extraction framing request",
            shared="pictures",
        ),
    },
}

# The only files that may import a library, by path.
NETWORK_FILES = ("shared/http*.py", "shared/images.py", "skills/*/scripts/*/client.py")
LIBRARY_FILES = {
    "click": ("shared/*command.py", "skills/*/scripts/*/cli.py", "skills/*/scripts/*/*_cli.py"),
    "requests": NETWORK_FILES,
    "urllib3": NETWORK_FILES,
}

# Absent on some platform: imported inside a function, never when a module is.
PLATFORM_MODULES = frozenset(["fcntl", "grp", "msvcrt", "pty", "pwd", "resource", "termios", "tty", "winreg"])

# They tell an old Python what is wrong, so it must be able to parse them, and nothing need be installed.
EARLY_FILES = ("shared/__init__.py", "shared/launch.py", "shared/interpreters.py", "skills/*/scripts/*.py")
EARLY_PYTHON = (3, 7)
EARLY_IMPORTS = frozenset({"shared", "shared.interpreters", "shared.launch"})

# Names of this repository that do not ship.
DEVELOPERS_PACKAGES = frozenset({"scripts", "tests"})


@dataclass(frozen=True)
class Import:
    module: str  # absolute and dotted, down to a module where the name is one of ours
    line: int
    at_top: bool  # happens when the module is imported


@dataclass(frozen=True)
class Source:
    """One shipped file; `package` and `skill` are None where it has none."""

    path: PurePosixPath
    text: str
    package: str | None
    skill: str | None

    @property
    def stem(self) -> str:
        return self.path.stem

    @property
    def name(self) -> str:
        return self.stem if self.package is None else f"{self.package}.{self.stem}".removesuffix(".__init__")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    def matches(self, patterns: tuple[str, ...]) -> bool:
        return any(
            len(self.path.parts) == pattern.count("/") + 1 and self.path.match(pattern) for pattern in patterns
        )


class Checkout:
    """The shipped code below a root, read once; one that lacks a kind of file is an error, not a success."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.shared = [
            self._source(path, package=".".join(path.relative_to(root).parent.parts))
            for path in sorted([*root.glob("shared/*.py"), *root.glob("shared/*/*.py")])
        ]
        self.launchers = [self._source(path) for path in sorted(root.glob("skills/*/scripts/*.py"))]
        self.packaged = [
            self._source(path, package=path.parent.name) for path in sorted(root.glob("skills/*/scripts/*/*.py"))
        ]
        for kind in ("shared", "launchers", "packaged"):
            if not getattr(self, kind):
                raise LookupError(f"nothing to inspect: {root} has no {kind} modules")
        self.all = [*self.shared, *self.launchers, *self.packaged]
        self.skill_of_package = {source.package: source.skill for source in self.packaged}
        self._modules = {source.name for source in [*self.shared, *self.packaged]}

    def _source(self, path: Path, package: str | None = None) -> Source:
        relative = PurePosixPath(path.relative_to(self.root).as_posix())
        skill = relative.parts[1] if relative.parts[0] == "skills" else None
        return Source(relative, path.read_text(encoding="utf-8"), package, skill)

    def imports(self, source: Source) -> Iterator[Import]:
        for node, at_top in walk(source.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield Import(alias.name, node.lineno, at_top)
            elif isinstance(node, ast.ImportFrom):
                origin = ".".join(part for part in (source.package if node.level else None, node.module) if part)
                for alias in node.names:
                    deeper = f"{origin}.{alias.name}"
                    yield Import(deeper if deeper in self._modules else origin, node.lineno, at_top)


def walk(node: ast.AST, *, at_top: bool = True) -> Iterator[tuple[ast.AST, bool]]:
    """Yield every node below, and whether it runs when the module is imported."""
    for child in ast.iter_child_nodes(node):
        yield child, at_top
        inside = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        yield from walk(child, at_top=at_top and not inside)


def forbidden(source: Source, found: Import, why: str) -> str:
    return f"{source.path}:{found.line} imports {found.module}: {why}"


def layer_breaches(checkout: Checkout) -> Iterator[str]:
    for source in checkout.packaged:
        allowed = {**LAYERS, **OWN_LAYERS.get(source.package or "", {})}.get(source.stem)
        if allowed is None:
            yield f"{source.path}: no layer is called {source.stem}"
            continue
        for found in checkout.imports(source):
            origin, _, module = found.module.partition(".")
            layers = {"shared": allowed.shared, source.package: allowed.own}
            if module and origin in layers and module.partition(".")[0] not in layers[origin]:
                yield forbidden(source, found, f"{source.stem} may not")


def boundary_breaches(checkout: Checkout) -> Iterator[str]:
    for source in checkout.all:
        for found in checkout.imports(source):
            origin = found.module.partition(".")[0]
            if origin in DEVELOPERS_PACKAGES:
                yield forbidden(source, found, "it does not ship")
            owner = checkout.skill_of_package.get(origin, source.skill)
            if owner != source.skill:
                yield forbidden(source, found, f"only {owner} may")


def library_breaches(checkout: Checkout) -> Iterator[str]:
    for source in checkout.all:
        for found in checkout.imports(source):
            library = found.module.partition(".")[0]
            if library in LIBRARY_FILES and not source.matches(LIBRARY_FILES[library]):
                yield forbidden(source, found, f"{library} belongs in {', '.join(LIBRARY_FILES[library])}")


def platform_breaches(checkout: Checkout) -> Iterator[str]:
    for source in checkout.all:
        for found in checkout.imports(source):
            if found.at_top and found.module.partition(".")[0] in PLATFORM_MODULES:
                yield forbidden(source, found, "not every platform has it; import it in a function")


def annotation_parts(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        for annotation in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            if annotation is not None:
                yield from (part for part in ast.walk(annotation) if isinstance(part, ast.expr))


def is_new_annotation(part: ast.expr) -> bool:
    """Tell `int | None` and `list[int]`, which newer Pythons can evaluate."""
    subscript_of_builtin = (
        isinstance(part, ast.Subscript) and isinstance(part.value, ast.Name) and hasattr(builtins, part.value.id)
    )
    return subscript_of_builtin or (isinstance(part, ast.BinOp) and isinstance(part.op, ast.BitOr))


def early_breaches(checkout: Checkout) -> Iterator[str]:
    for source in checkout.all:
        if not source.matches(EARLY_FILES):
            continue
        try:
            tree = ast.parse(source.text, feature_version=EARLY_PYTHON)
        except SyntaxError as error:
            yield f"{source.path}:{error.lineno} is no Python {EARLY_PYTHON[0]}.{EARLY_PYTHON[1]}: {error.msg}"
            continue
        imports = list(checkout.imports(source))
        if "__future__" not in {found.module for found in imports}:
            for line in sorted({part.lineno for part in annotation_parts(tree) if is_new_annotation(part)}):
                yield f"{source.path}:{line} evaluates an annotation that Python 3.7 cannot"
        for found in imports:
            known = found.module in EARLY_IMPORTS or found.module.partition(".")[0] in sys.stdlib_module_names
            if found.at_top and not known:
                yield forbidden(source, found, "nothing need be installed yet")


RULES = [layer_breaches, boundary_breaches, library_breaches, platform_breaches, early_breaches]


def breaches(root: Path) -> list[str]:
    checkout = Checkout(root)
    return list(dict.fromkeys(breach for rule in RULES for breach in rule(checkout)))


def import_without_platform_modules(checkout: Checkout, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """Import every module in one fresh Python where no PLATFORM_MODULES exist; the libraries come first."""
    modules = [*checkout.shared, *checkout.packaged]
    paths = sorted(
        {str(checkout.root), *(str(checkout.root / one.path.parent.parent) for one in checkout.packaged)}
    )
    names = [module.name for module in modules]
    program = (
        "import importlib, sys\n"
        "import click, dotenv, requests, urllib3\n"
        f"sys.path[:0] = {paths!r}\n"
        f"sys.modules.update(dict.fromkeys({sorted(PLATFORM_MODULES)!r}))\n"
        f"for name in {names!r}:\n"
        "    print(importlib.import_module(name).__name__)\n"
    )
    argv = [sys.executable, "-B", "-I", "-c", program]
    return subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
