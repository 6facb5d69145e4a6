"""A proxy in front of a real API server that can be told to misbehave: refuse, cut watches, forget what happened.

It speaks plain HTTP on loopback, so that nobody needs its certificate, and passes credentials on as they come.
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from aiohttp import web

from tests.servers.controlplane_cluster import Cluster

_DROPPED = {"host", "connection", "transfer-encoding", "content-length", "content-encoding", "accept-encoding"}


@dataclass(kw_only=True)
class _Fault:
    pattern: re.Pattern[str]
    status: int
    times: int
    headers: dict[str, str]


@dataclass(kw_only=True)
class FaultProxy:
    """What it was asked, and what it is to do wrong. A request is matched as `METHOD /path?query`."""

    kubeconfig: Path
    requests: list[str] = field(default_factory=list)
    """Every request, in order."""
    _faults: list[_Fault] = field(default_factory=list)
    _watches: set[asyncio.Task[object]] = field(default_factory=set)
    _expired: int = 0

    def refuse(self, pattern: str, status: int, *, times: int = 1_000_000, retry_after: str = "") -> None:
        """Answer matching requests with this status, so many times."""
        headers = {"Retry-After": retry_after} if retry_after else {}
        self._faults.append(_Fault(pattern=re.compile(pattern), status=status, times=times, headers=headers))

    def behave(self) -> None:
        """Forget all faults."""
        self._faults.clear()
        self._expired = 0

    def cut_watches(self) -> None:
        """End every watch in the middle."""
        for watch in self._watches:
            watch.cancel()

    def expire_watches(self) -> None:
        """End every watch, and answer as many next ones with 410 Gone inside the stream, as for a version too old."""
        self._expired = len(self._watches)
        self.cut_watches()

    def count(self, pattern: str) -> int:
        """How many requests matched so far."""
        return sum(re.search(pattern, request) is not None for request in self.requests)


@asynccontextmanager
async def fault_proxy(cluster: Cluster, kubeconfig: Path, folder: Path) -> AsyncIterator[FaultProxy]:
    """A proxy in front of a cluster; its kubeconfig is the given one with another address in it."""
    context = ssl.create_default_context(cafile=str(cluster.ca) if cluster.ca else None)
    proxy = FaultProxy(kubeconfig=folder / "proxy.kubeconfig")
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=context), auto_decompress=False, timeout=aiohttp.ClientTimeout()
    ) as session:

        async def answer(request: web.Request) -> web.StreamResponse:
            asked = f"{request.method} {request.path_qs}"
            proxy.requests.append(asked)
            if fault := _next_fault(proxy, asked):
                return _status(fault.status, fault.headers)
            if request.query.get("watch") != "true":
                return await _pass_on(request, session, cluster.url)
            if proxy._expired:
                proxy._expired -= 1
                gone = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired"}}
                return web.Response(text=json.dumps(gone) + "\n", content_type="application/json")
            task = asyncio.ensure_future(_pass_on(request, session, cluster.url))
            proxy._watches.add(task)
            try:
                return await task
            finally:
                proxy._watches.discard(task)

        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/{path:.*}", answer)
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.5)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            _point_to(kubeconfig, f"http://127.0.0.1:{runner.addresses[0][1]}", proxy.kubeconfig)
            yield proxy
        finally:
            proxy.cut_watches()
            await runner.cleanup()


def _point_to(kubeconfig: Path, url: str, copy: Path) -> None:
    content = json.loads(kubeconfig.read_text())
    content["clusters"][0]["cluster"] = {"server": url}
    copy.write_text(json.dumps(content))


def _next_fault(proxy: FaultProxy, asked: str) -> _Fault | None:
    for fault in proxy._faults:
        if fault.times > 0 and fault.pattern.search(asked):
            fault.times -= 1
            return fault
    return None


def _status(code: int, headers: dict[str, str]) -> web.Response:
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "message": "a fault of the proxy"}
    return web.json_response(body, status=code, headers=headers)


async def _pass_on(request: web.Request, session: aiohttp.ClientSession, url: str) -> web.StreamResponse:
    headers = {key: value for key, value in request.headers.items() if key.lower() not in _DROPPED}
    async with session.request(
        request.method, f"{url}{request.path_qs}", headers=headers, data=await request.read() or None
    ) as answer:
        kept = {key: value for key, value in answer.headers.items() if key.lower() not in _DROPPED}
        response = web.StreamResponse(status=answer.status, headers=kept)
        await response.prepare(request)
        with suppress(ConnectionResetError):
            async for chunk in answer.content.iter_any():
                await response.write(chunk)
            await response.write_eof()
        return response
