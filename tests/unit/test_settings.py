"""The environment of the process."""

from __future__ import annotations

import pytest

from pgtend.domain.finding import SetupInvalid
from pgtend.settings import LogFormat, Settings, read_settings


def test_an_empty_environment_gives_the_defaults() -> None:
    assert read_settings({}) == Settings()
    assert read_settings({"PGTEND_NAMESPACE": " ", "HOME": "/root"}) == Settings()


def test_reads_every_variable() -> None:
    assert read_settings(
        {
            "PGTEND_NAMESPACE": "tools",
            "PGTEND_HISTORY_URL": "sqlite:////tmp/h.db",
            "PGTEND_LISTEN": "[::1]:0",
            "PGTEND_MAX_CONNECTIONS_PER_SERVER": "4",
            "PGTEND_LOG_FORMAT": "json",
            "PGTEND_WATCH_NAMESPACES": "shop, blog,shop,",
        }
    ) == Settings(
        namespace="tools",
        history_url="sqlite:////tmp/h.db",
        listen_host="::1",
        listen_port=0,
        max_connections_per_server=4,
        log_format=LogFormat.JSON,
        watch_namespaces=("shop", "blog"),
    )


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("PGTEND_NAMESPACE", "Größe", "PGTEND_NAMESPACE holds 'Größe', which cannot be the name of a namespace"),
        ("PGTEND_WATCH_NAMESPACES", "a,b c", "holds 'b c'"),
        ("PGTEND_LISTEN", "8080", "give an address and a port"),
        ("PGTEND_LISTEN", "localhost:http", "give an address and a port"),
        ("PGTEND_LISTEN", "0.0.0.0:99999", "from 0 to 65535"),
        ("PGTEND_MAX_CONNECTIONS_PER_SERVER", "3", "from 4 to 1000"),
        ("PGTEND_MAX_CONNECTIONS_PER_SERVER", "²", "from 4 to 1000"),
        ("PGTEND_LOG_FORMAT", "xml", "give text or json"),
    ],
)
def test_says_which_variable_is_wrong_and_what_it_takes(variable: str, value: str, sentence: str) -> None:
    with pytest.raises(SetupInvalid, match=sentence):
        read_settings({variable: value})


def test_does_not_show_the_password_of_the_history() -> None:
    assert "hush" not in repr(read_settings({"PGTEND_HISTORY_URL": "postgresql://u:hush@db/x"}))
