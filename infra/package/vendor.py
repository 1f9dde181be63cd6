"""The dependencies of the functions: installed for Lambda's platform, trimmed, compiled, and kept in a cache."""

from __future__ import annotations

import compileall
import gzip
import hashlib
import json
import os
import platform
import py_compile
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from infra.package import AWS_SERVICES

# Where Lambda unpacks a function; tracebacks name this path instead of the machine that built the package.
TASK_ROOT = "/var/task"

LAMBDA_PLATFORMS = {"x86_64": "manylinux2014_x86_64", "arm64": "manylinux2014_aarch64"}
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"

# Typing stubs, type markers, compiled leftovers and scripts: nothing that runs in a function.
JUNK_FILES = ("*.pyi", "*.pyx", "*.pxd", "*.c", "*.h", "py.typed", "*.exe")
JUNK_DIRECTORIES = ("tests", "testing", "bin", "__pycache__", "*-stubs")
# Parts of libraries that this application has no use for: other web frameworks, other versions, a second tz database, calendars.
# Importing one raises ModuleNotFoundError in the local cloud too, where functions see their package and nothing else.
JUNK_PATHS = (
    "aws_lambda_powertools/event_handler",
    "aws_lambda_powertools/utilities/auth_alpha",
    "aws_lambda_powertools/utilities/batch",
    "aws_lambda_powertools/utilities/circuit_breaker",
    "aws_lambda_powertools/utilities/data_classes",
    "aws_lambda_powertools/utilities/data_masking",
    "aws_lambda_powertools/utilities/feature_flags",
    "aws_lambda_powertools/utilities/idempotency",
    "aws_lambda_powertools/utilities/kafka",
    "aws_lambda_powertools/utilities/parameters",
    "aws_lambda_powertools/utilities/parser",
    "aws_lambda_powertools/utilities/streaming",
    "aws_lambda_powertools/utilities/validation",
    "aws_xray_sdk/ext/[!_bhru]*",  # keeps botocore, httplib and what they need
    "botocore/data/*/*/examples-1.json*",
    "dateutil/rrule.py",
    "dateutil/zoneinfo/*.tar.gz",
    "dns",  # email_validator imports it only to ask the DNS whether an address takes mail, which we never do
    "phonenumbers/shortdata/region_*",  # emergency and premium numbers
    "pydantic/mypy.py",
    "pydantic/v1",
    "stdnum/[!u]*/*.dat",  # keeps which employers' numbers the USA give out
    "stdnum/[!i]*.dat",
    "stdnum/i[!b]*.dat",  # keeps what IBANs look like in each country
    # What stripe asks for and, given an HTTP client of ours on urllib3, never uses.
    "certifi",
    "charset_normalizer",
    "*__mypyc.*.so",
    "requests",
)
# Of python-stdnum, what checks bank accounts and the tax numbers of the EU's member states and of those that suppliers name
# beside them: a third of a megabyte in the package.
STDNUM_KEPT = frozenset(
    "__init__ bic exceptions iban iso7064 luhn numdb util au ca ch in_ no nz sg us "
    "at be bg cy cz de dk ee es eu fi fr gb gr hr hu ie it lt lu lv mt nl pl pt ro se si sk".split()
)
# Libraries of which a call or two is used: this is run against what was installed, and the modules that it did not
# import are removed. Of stripe's 30 MB one remains. It fails where a new release no longer offers what is used.
EXERCISES = {
    "stripe": """
import stripe

class Answering(stripe.HTTPClient):
    name = "exercise"
    answers = [(b'{"id": "pi_1"}', 200, {}), (b'{"error": {"type": "card_error", "code": "card_declined"}}', 402, {})]

    def request(self, method, url, headers, post_data=None):
        return self.answers.pop(0)

client = stripe.StripeClient("sk_test_exercise", http_client=Answering(), max_network_retries=1)
assert client.raw_request("post", "/v1/payment_intents", amount=1, idempotency_key="k").data["id"] == "pi_1"
try:
    client.raw_request("get", "/v1/payment_intents/pi_1", expand=["latest_charge"])
except stripe.CardError:
    pass
signed = stripe.WebhookSignature.generate_signature_header("{}", "whsec_exercise")
stripe.WebhookSignature.verify_header("{}", signed, "whsec_exercise", 300)
(
    stripe.APIConnectionError,
    stripe.AuthenticationError,
    stripe.InvalidRequestError,
    stripe.SignatureVerificationError,
    stripe.StripeError,
)
""",
}


class PackagingError(Exception):
    """The package could not be built; the message carries pip's own words."""


def vendored(requirements: Path, cache: Path, architecture: str | None) -> Path:
    """The directory with the dependencies of `requirements`, ready to ship.

    `architecture` is Lambda's (`x86_64`, `arm64`); None installs for this machine, for functions that the local cloud
    runs with the interpreter at hand.
    """
    if architecture is None and _is_lambda_like():
        architecture = "x86_64"  # one package for both, so that what runs here is what ships
    recipe = Path(__file__).read_bytes() + requirements.read_bytes() + repr(sorted(AWS_SERVICES)).encode()
    key = hashlib.sha256(recipe + f"{PYTHON} {architecture} {platform.machine()}".encode()).hexdigest()[:16]
    directory = cache / f"vendor-{key}"
    if directory.is_dir():
        return directory
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix="building-") as temporary:
        fresh = Path(temporary) / "vendor"
        _install(requirements, fresh, architecture)
        trim(fresh, AWS_SERVICES)
        compile_tree(fresh, fresh, keep_sources=False)
        add_chalice_bytecode(fresh)
        try:
            fresh.rename(directory)
        except OSError:  # another build was quicker
            if not directory.is_dir():
                raise
    return directory


def _is_lambda_like() -> bool:
    return platform.system() == "Linux" and platform.machine() == "x86_64" and platform.libc_ver()[0] == "glibc"


def _install(requirements: Path, target: Path, architecture: str | None) -> None:
    install = ["install", "--quiet", "--no-compile", "--target", str(target), "-r", str(requirements)]
    if architecture is None:
        _pip(install)
        return
    install += ["--only-binary=:all:", "--implementation", "cp", "--python-version", PYTHON]
    install += ["--platform", LAMBDA_PLATFORMS[architecture]]
    if _pip(install, check=False):
        return
    # A dependency without a wheel: build wheels here and offer them. Only a pure-Python one fits Lambda's platform.
    with tempfile.TemporaryDirectory() as wheels:
        _pip(["wheel", "--quiet", "--wheel-dir", wheels, "-r", str(requirements)])
        shutil.rmtree(target, ignore_errors=True)
        _pip([*install, "--find-links", wheels])


def _pip(arguments: list[str], check: bool = True) -> bool:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if check and ran.returncode:
        raise PackagingError(ran.stderr.strip())
    return ran.returncode == 0


def trim(tree: Path, services: frozenset[str]) -> None:
    """Remove from an installed tree what a function never reads."""
    junk = [path for pattern in (*JUNK_DIRECTORIES, *JUNK_FILES) for path in tree.rglob(pattern)]
    junk += [path for pattern in JUNK_PATHS for path in tree.glob(pattern)]
    models = (tree / "botocore" / "data").glob("*/")
    junk += [service for service in models if service.is_dir() and service.name not in services]
    junk += [path for path in (tree / "stdnum").glob("*") if path.stem not in STDNUM_KEPT]
    for path in junk:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for package, exercise in EXERCISES.items():
        if (tree / package).is_dir():
            _keep_what_is_used(tree, package, exercise)
    _slim_botocore(tree / "botocore" / "data")
    for metadata in tree.glob("*.dist-info"):
        _keep_name_and_version(metadata)


def _keep_what_is_used(tree: Path, package: str, exercise: str) -> None:
    """Of a package in `tree`, what `exercise` imports. It sees the tree and the standard library, as a function does."""
    report = (
        "import sys\nprint(*{m.__file__ for m in [*sys.modules.values()] if getattr(m, '__file__', None)}, sep='\\n')"
    )
    command = [
        sys.executable,
        "-I",
        "-S",
        "-B",
        "-c",
        f"import sys\nsys.path.insert(0, {str(tree)!r})\n{exercise}\n{report}",
    ]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise PackagingError(f"what is used of {package} does not run:\n{ran.stderr.strip()}")
    used = {Path(line).resolve() for line in ran.stdout.splitlines()}
    for path in (tree / package).rglob("*"):
        if path.is_file() and path.resolve() not in used:
            path.unlink()
    for path in sorted((tree / package).rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def _slim_botocore(data: Path) -> None:
    """Service models without documentation, and endpoints without services that are not shipped.

    Making a client parses both at each cold start: 50 ms of CPU for the endpoints, 20 ms for the texts.
    """
    prefixes = set()
    for file in data.glob("*/*/*.json.gz"):
        content = _without_documentation(json.loads(gzip.decompress(file.read_bytes())))
        for parameter in content.get("clientContextParams", {}).values():
            parameter["documentation"] = ""  # botocore asks for it, e.g. of S3
        prefixes.add(content.get("metadata", {}).get("endpointPrefix"))
        text = json.dumps(content, separators=(",", ":")).encode()
        file.write_bytes(gzip.compress(text, 9, mtime=0))  # no time stamp: the same package every time
    endpoints = json.loads((data / "endpoints.json").read_text(encoding="utf-8"))
    for partition in endpoints["partitions"]:
        partition["services"] = {name: of for name, of in partition["services"].items() if name in prefixes}
    (data / "endpoints.json").write_text(json.dumps(endpoints, separators=(",", ":")), encoding="utf-8")


def _without_documentation(node: Any) -> Any:
    """A service model without its texts; a member of a shape that is called `documentation` stays, as it is no text."""
    if isinstance(node, dict):
        texts = {name for name in ("documentation", "documentationUrl") if isinstance(node.get(name), str)}
        return {name: _without_documentation(of) for name, of in node.items() if name not in texts}
    return [_without_documentation(one) for one in node] if isinstance(node, list) else node


def _keep_name_and_version(metadata: Path) -> None:
    """`importlib.metadata.version` is all that libraries ask of their metadata at run time."""
    text = (metadata / "METADATA").read_text(encoding="utf-8")
    wanted = ("Metadata-Version:", "Name:", "Version:")
    header = [line for line in text.split("\n\n", 1)[0].splitlines() if line.startswith(wanted)]
    shutil.rmtree(metadata)
    metadata.mkdir()
    (metadata / "METADATA").write_text("\n".join(header) + "\n", encoding="utf-8")


def compile_tree(tree: Path, root: Path, keep_sources: bool = True) -> None:
    """Write bytecode that is used without a look at the source, since nothing changes in a package.

    Without sources the package is a fifth smaller; tracebacks still name file and line.
    """
    compiled = compileall.compile_dir(
        tree,
        quiet=1,
        workers=os.cpu_count() or 1,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        legacy=not keep_sources,
        stripdir=str(root),
        prependdir=TASK_ROOT,
    )
    if not compiled:
        raise PackagingError(f"a module in {tree} does not compile")
    if not keep_sources:
        for source in tree.rglob("*.py"):
            source.unlink()


def compile_file(source: Path, bytecode: Path, shipped_as: str) -> None:
    """Compile one module into `bytecode`; `shipped_as` is its path in the package."""
    bytecode.parent.mkdir(parents=True, exist_ok=True)
    py_compile.compile(
        str(source),
        cfile=str(bytecode),
        dfile=f"{TASK_ROOT}/{shipped_as}",
        doraise=True,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )


def add_chalice_bytecode(vendor: Path) -> None:
    """Bytecode for the two modules that Chalice's packager adds as sources.

    The packager writes `chalice/__init__.py` and `chalice/app.py` itself and lays `vendor/` over the package, so bytecode
    at `vendor/chalice/__pycache__/` lands beside them.
    """
    import chalice

    runtime = Path(chalice.__file__).parent
    for name in ("__init__", "app"):
        bytecode = vendor / "chalice" / "__pycache__" / f"{name}.{sys.implementation.cache_tag}.pyc"
        compile_file(runtime / f"{name}.py", bytecode, f"chalice/{name}.py")
