"""What Prometheus reads."""

from __future__ import annotations

from pgtend.serve.metrics import Metrics, Outcome, Seen


def lines(metrics: Metrics) -> set[str]:
    return set(metrics.render().decode().splitlines())


def test_counts_what_happens() -> None:
    metrics = Metrics()
    metrics.count_pass(Outcome.READY, 0.2)
    metrics.count_pass(Outcome.CRASHED, 0.2)
    metrics.count_report(statements=7, explains=5, what_if_seconds=0.5)
    metrics.count_transition("Verified", "Improved")
    assert {
        'pgtend_passes_total{outcome="ready"} 1.0',
        'pgtend_passes_total{outcome="crashed"} 1.0',
        'pgtend_passes_total{outcome="failed"} 0.0',
        'pgtend_pass_duration_seconds_bucket{le="0.25"} 2.0',
        "pgtend_statements_seen_total 7.0",
        "pgtend_what_if_explains_total 5.0",
        'pgtend_recommendation_transitions_total{condition="Verified",reason="Improved"} 1.0',
    } <= lines(metrics)


def test_looks_at_each_scrape() -> None:
    metrics, phases = Metrics(), ["Pending"]
    metrics.observe(lambda: Seen(leads=True, ready=["True", "False", "True"], phases=phases, connections=3))
    assert 'pgtend_recommendations{phase="Pending"} 1.0' in lines(metrics)
    phases += ["Pending", "made up by hand", ""]
    assert {
        "pgtend_leader 1.0",
        'pgtend_policies{ready="True"} 2.0',
        'pgtend_policies{ready="Unknown"} 0.0',
        'pgtend_recommendations{phase="Pending"} 2.0',
        'pgtend_recommendations{phase="Other"} 2.0',
        "pgtend_database_connections 3.0",
    } <= lines(metrics)


def test_two_processes_in_one_do_not_share_a_registry() -> None:
    Metrics().count_report(statements=1, explains=1, what_if_seconds=1)
    assert "pgtend_statements_seen_total 0.0" in lines(Metrics())
