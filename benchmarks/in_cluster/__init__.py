"""What is measured of Airflow as deployment.yaml has it, on a real cluster: a module for each part.

deployment.py  the cluster, the registry, the image, and what is applied; made when first asked for
apply.py       from `kubectl apply` to a finished run
chain.py       five steps as processes, in pods of their image, and each in a worker's pod
scale.py       a thousand pods: kwok.py simulates their nodes, hands.py plays their tasks, load.py looks on
"""

from benchmarks.in_cluster import apply, chain, scale

__all__ = ["apply", "chain", "scale"]
