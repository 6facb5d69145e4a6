"""The Kubernetes edge: the only place that imports kopf and kubernetes."""
