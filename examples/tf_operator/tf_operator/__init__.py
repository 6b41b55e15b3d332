"""A Kubernetes operator that runs distributed TensorFlow jobs."""
