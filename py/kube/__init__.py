"""What it takes to talk to a Kubernetes API: manifests in, readiness and evidence out.

It stands on the tools and knows no place for clusters: a kubeconfig file is all it is given.
"""
