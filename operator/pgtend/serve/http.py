"""The HTTP server of /livez, /readyz and /metrics."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from pgtend.domain.finding import SetupInvalid
from pgtend.serve.metrics import Metrics

Problem = Callable[[], str]
"""Says what is wrong; empty when all is well."""


@asynccontextmanager
async def serve(host: str, port: int, *, liveness: Problem, readiness: Problem, metrics: Metrics) -> AsyncIterator[int]:
    """Answer until the end of the block; yields the port, which is a free one where 0 was asked for.

    Raises SetupInvalid when the address cannot be taken.
    """

    def probe(problem: Problem) -> Callable[[web.Request], object]:
        async def answer(_request: web.Request) -> web.Response:
            wrong = problem()
            return web.Response(text=f"{wrong or 'ok'}\n", status=503 if wrong else 200)

        return answer

    async def show_metrics(_request: web.Request) -> web.Response:
        return web.Response(body=metrics.render(), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    app = web.Application()
    app.router.add_get("/livez", probe(liveness))  # type: ignore[arg-type]  # aiohttp wants its base class named
    app.router.add_get("/readyz", probe(readiness))  # type: ignore[arg-type]  # aiohttp wants its base class named
    app.router.add_get("/metrics", show_metrics)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as error:
            raise SetupInvalid(
                f"PGTEND_LISTEN: nothing can listen on {host}:{port} ({error.strerror}); give another address or port."
            ) from None
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
