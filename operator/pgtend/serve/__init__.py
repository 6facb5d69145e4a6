"""The HTTP edge: liveness, readiness and metrics."""
