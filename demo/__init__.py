"""The demo: a wedding marketplace on a real Postgres, under load, tended by pgtend on a real Kubernetes API.

`python -m demo` tells it as a story. The words of the marketplace live here and in deploy/samples, never in pgtend.
"""
