"""The pages of the process."""

from __future__ import annotations

import aiohttp
import pytest

from pgtend.domain.finding import SetupInvalid
from pgtend.serve.http import serve
from pgtend.serve.metrics import Metrics


async def test_answers_what_is_wrong_with_503_and_nothing_else_with_200() -> None:
    problem = ""
    async with (
        serve("127.0.0.1", 0, liveness=lambda: problem, readiness=lambda: "not yet", metrics=Metrics()) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session,
    ):

        async def ask(path: str) -> tuple[int, str]:
            async with session.get(path) as answer:
                return answer.status, await answer.text()

        assert await ask("/livez") == (200, "ok\n")
        problem = "stuck"
        assert await ask("/livez") == (503, "stuck\n")
        assert await ask("/readyz") == (503, "not yet\n")
        status, text = await ask("/metrics")
        assert status == 200
        assert "pgtend_passes_total" in text
        assert (await ask("/"))[0] == 404


async def test_says_when_the_address_is_taken() -> None:
    nothing = {"liveness": lambda: "", "readiness": lambda: "", "metrics": Metrics()}
    async with serve("127.0.0.1", 0, **nothing) as port:  # type: ignore[arg-type]
        with pytest.raises(SetupInvalid, match=f"nothing can listen on 127.0.0.1:{port}"):
            async with serve("127.0.0.1", port, **nothing):  # type: ignore[arg-type]
                pass
