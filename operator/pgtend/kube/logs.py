"""Log lines of the process, as text or as JSON."""

from __future__ import annotations

import logging
import sys

from pythonjsonlogger.json import JsonFormatter

from pgtend.settings import LogFormat

FIELDS = "%(asctime)s %(levelname)s %(name)s %(message)s"


def configure_logging(log_format: LogFormat) -> None:
    """Everything from INFO up to stderr. Never DEBUG: there kopf and the HTTP client show whole objects."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonFormatter(FIELDS, rename_fields={"asctime": "time", "levelname": "level", "name": "logger"})
        if log_format is LogFormat.JSON
        else logging.Formatter(FIELDS)
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # What psycopg warns of is an error that follows from one it has raised, with the server's text, which may hold values of rows.
    logging.getLogger("psycopg").setLevel(logging.ERROR)
