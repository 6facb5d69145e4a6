"""Fixtures that every test may ask for."""

import hypothesis

pytest_plugins = ["tests.servers.fixtures_controlplane", "tests.servers.fixtures_postgres"]

# How long a machine takes says nothing about whether a law holds.
hypothesis.settings.register_profile("laws", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("laws")
