"""Run the operator: `python3 -m tf_operator`, in a pod or against the current kubectl context.

NAMESPACE is the namespace it looks after (`default` if unset), HEALTH_PORT where it answers probes (8080).
"""

import logging
import os
import signal
import sys

from kubernetes import config

from tf_operator import health
from tf_operator.cluster import Cluster
from tf_operator.controller import Controller


def main() -> None:
    """Look after the namespace until SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    # The first process of a container ignores signals that it has no handler for.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if "KUBERNETES_SERVICE_HOST" in os.environ:
        config.load_incluster_config()
    else:
        config.load_kube_config()
    namespace = os.environ.get("NAMESPACE", "default")
    controller = Controller(Cluster(namespace))
    health.serve(int(os.environ.get("HEALTH_PORT", "8080")), controller.is_ready)
    logging.info("looking after the TFJobs in namespace %s", namespace)
    controller.run()


if __name__ == "__main__":
    main()
