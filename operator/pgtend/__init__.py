"""pgtend tends Postgres databases from Kubernetes: it proposes, builds, verifies and takes back indexes."""

__version__ = "0.1.0"
