"""All objects of one kind, asked for page by page.

The pages of a list show the state at its first page, for as long as the API server keeps that: five minutes by default, less on
a busy one. After that it answers the next page with 410 Gone, and the list has to begin anew.
https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
"""

from __future__ import annotations

from pgtend.domain.finding import ListExpired
from pgtend.kube.client import Api
from pgtend.kube.store import Object

PAGE = 500
"""Objects a page."""
MOST_BEGUN = 3
"""Times that one list is begun before it is left for later: pages that expire each time come from a server that has no time for them."""


async def list_all(api: Api, path: str) -> tuple[list[Object], int]:
    """The objects under a path with the resourceVersion that they were listed at.

    Raises what ``Api.get`` raises; ListExpired only after its pages have expired ``MOST_BEGUN`` times.
    """
    for _ in range(MOST_BEGUN - 1):
        try:
            return await _list_once(api, path)
        except ListExpired:
            # What was read so far is of a state that is gone: taking the rest from another would miss what moved in between.
            continue
    return await _list_once(api, path)


async def _list_once(api: Api, path: str) -> tuple[list[Object], int]:
    items: list[Object] = []
    query = {"limit": str(PAGE)}
    while True:
        page = await api.get(path, **query)
        items += page["items"]
        following = page["metadata"].get("continue")
        if not following:
            return items, int(page["metadata"]["resourceVersion"])
        query["continue"] = following
