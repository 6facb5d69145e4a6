"""How the demo fails: with a sentence."""

from __future__ import annotations


class DemoFailed(Exception):
    """The story cannot go on; the message says why, in words for whoever watches."""
