"""What must outlive a restart and is too much for a status: since when indexes are watched, hourly loads, actions."""

from pgtend.history.store import SqlHistory, open_history

__all__ = ["SqlHistory", "open_history"]
