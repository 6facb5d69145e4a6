"""Fixtures that every test may ask for."""

pytest_plugins = ["tests.servers.fixtures_controlplane", "tests.servers.fixtures_postgres"]
