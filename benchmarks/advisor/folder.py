"""Where the benchmark keeps its server, its data and what it has computed, and where its own Python packages are.

``PGTEND_BENCH_FOLDER`` names the folder; without it, it is in the cache that tools/install.sh uses.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from types import ModuleType


def bench_folder() -> Path:
    """The folder of everything that is kept between two runs; made when it is not there, and open to the server's account."""
    given = os.environ.get("PGTEND_BENCH_FOLDER")
    folder = Path(given) if given else _cache() / "advisor-benchmark"
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


def load_package(name: str) -> ModuleType:
    """Import one of requirements/benchmark.txt, which are no part of the environment of pgtend and of its tests."""
    packages = str(_cache() / "benchmark-packages")
    if packages not in sys.path:
        sys.path.append(packages)  # behind everything else: what both have comes from the environment
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        raise SystemExit(f"{name} is not in {packages}: run `tools/install.sh bench`, which puts it there.") from None


def _cache() -> Path:
    if os.geteuid() == 0:
        return Path("/var/cache/pgtend")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pgtend"
