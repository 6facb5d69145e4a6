"""Measure memory, CPU and requests of the operator: ``python -m benchmarks.scale [policies …]``; prints Markdown.

Real servers all the way: kube-apiserver and etcd, PostgreSQL 15, and `pgtend run` as a process under the shipped
ServiceAccount with the shipped defaults. Takes about twelve minutes for each number of policies.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.scale.databases import databases, little_load
from benchmarks.scale.measuring import Period, look_at, watch
from benchmarks.scale.policies import apply_policies, count_ready
from demo.cluster import install
from demo.kubectl import Kubectl
from tests.e2e.operator_process import OperatorProcess
from tests.servers.controlplane import ControlPlane

CONNECTIONS_A_SERVER = 10
SECONDS_TO_BE_READY = 600.0


def main() -> int:
    """Measure each number of policies and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale")
    parser.add_argument("policies", type=int, nargs="*", default=[1, 100, 500])
    parser.add_argument("--servers", type=int, default=2, help="Postgres servers that the databases are spread over")
    parser.add_argument(
        "--settle", type=float, default=240.0, help="seconds for the first advice, measured as one period"
    )
    parser.add_argument("--idle", type=float, default=300.0, help="seconds measured after that")
    arguments = parser.parse_args()
    for count in arguments.policies:
        tell(f"{count} policies")
        measure(count, min(arguments.servers, count), arguments.settle, arguments.idle)
    return 0


def measure(count: int, servers: int, settle: float, idle: float) -> None:
    """One number of policies, from nothing."""
    with (
        tempfile.TemporaryDirectory(prefix="pgtend-scale-") as folder,
        ControlPlane() as control_plane,
        databases(count, servers) as made,
        little_load(made),
    ):
        cluster = control_plane.cluster
        assert cluster.audit_log is not None, "a control plane of our own keeps an audit log"
        install(Kubectl(kubeconfig=cluster.kubeconfig, namespace="unused", cache=Path(folder) / "kubectl"))
        operator = OperatorProcess(cluster, Path(folder), PGTEND_MAX_CONNECTIONS_PER_SERVER=str(CONNECTIONS_A_SERVER))
        operator.start()
        try:
            tell("the operator runs without policies", f"{look_at(operator.pid).rss_mb:.0f} MB")
            with cluster.open_admin_client() as api:
                apply_policies(api, made)
                began = time.monotonic()
                while (ready := count_ready(api)) < count:
                    operator.check()
                    assert time.monotonic() - began < SECONDS_TO_BE_READY, f"only {ready} policies are ready"
                    time.sleep(2)
                tell("all policies are ready", f"{time.monotonic() - began:.0f} s after they were applied")
            for name, seconds in (("until the first advice", settle), ("after it", idle)):
                period = watch(operator.pid, seconds, lambda: operator.ask("/metrics")[1], cluster.audit_log)
                operator.check()
                report(count, name, period)
            tell("lines of the log that warn", str(operator.last_lines("WARNING", 100).count("\n")))
            began = time.monotonic()
            operator.terminate()
            tell("ended by SIGTERM after", f"{time.monotonic() - began:.1f} s")
        finally:
            print(operator.last_lines(count=15), file=sys.stderr)
            operator.kill()


def report(count: int, name: str, period: Period) -> None:
    """Print one period."""
    first, most, last = period.rss_mb
    print(f"\n### {count} policies, {name} ({period.minutes:.1f} minutes)\n")
    print("| memory at first, most, last | CPU, of one core | passes a minute (not ready) | mean pass |")
    print("|---|---|---|---|")
    print(
        f"| {first:.0f}, {most:.0f}, {last:.0f} MB | {period.cpu_percent:.1f} % | "
        f"{period.passes / period.minutes:.1f} ({period.unready_passes}) | {period.pass_seconds:.3f} s |\n"
    )
    print("| requests to the API server | a minute |")
    print("|---|---|")
    for what, number in period.requests_a_minute.items():
        print(f"| {what} | {number:.1f} |")
    sys.stdout.flush()


def tell(*words: str) -> None:
    """Print a line."""
    print(*words, sep=": ", flush=True)


if __name__ == "__main__":
    sys.exit(main())
