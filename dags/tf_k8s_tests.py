"""Build the TFJob operator, deploy it on a fresh Kubernetes cluster, test it there and take all away."""

from datetime import timedelta

from py.pipeline import Binary, Pipeline, airflow_dag

checks = Binary("py.checks")
deploy = Binary("py.deploy")
release = Binary("py.release")
testing = Binary("py.test_runner")

pipeline = Pipeline("tf_k8s_tests", doc=__doc__)

owner = pipeline.param("REPO_OWNER", "", help="Owner at github.com; empty: the bundled sample.")
repo = pipeline.param("REPO_NAME", "tf_operator", help="Repository of the code under test.")
url = pipeline.param("REPO_URL", "", help="Any git URL or path, instead of owner and name.")
refs = pipeline.param("PULL_REFS", "", help="All of what to test, as base:sha,pull:sha; empty: as below.")
pull = pipeline.param("PULL_NUMBER", "", help="Pull request to merge; empty: none.", pattern="[0-9]*")
head = pipeline.param("PULL_PULL_SHA", "", help="Commit of the pull request; empty: its newest.")
base = pipeline.param("PULL_BASE_REF", "", help="Branch to test, or to merge onto; empty: the default one.")
base_sha = pipeline.param("PULL_BASE_SHA", "", help="Commit of that branch; empty: its newest.")
where = pipeline.param("CLUSTER", "local://", help="Place: local://, host://, kubeconfig://PATH?context=NAME.")
registry = pipeline.param("REGISTRY", "", help="Registry for the images; empty: the cluster loads them.")

# The name is known before the cluster exists, so that teardown finds a half-made one too.
cluster = {"cluster": where, "name": pipeline.run_name}

clone = pipeline.step(
    "clone_repo",
    release("clone", repo=url, owner=owner, name=repo, refs=refs, pull=pull, commit=head,
            branch=base, base_commit=base_sha),
    outputs=["src_dir", "commit"],
    timeout=timedelta(minutes=15),
)  # fmt: skip
src_dir = clone["src_dir"]

pipeline.step("pylint", checks("lint", src_dir=src_dir), junit=True, timeout=timedelta(minutes=15))
pipeline.step("pytest", checks("test", src_dir=src_dir), junit=True, timeout=timedelta(minutes=30))

build = pipeline.step(
    "build_images",
    release("build", src_dir=src_dir, registry=registry),
    outputs=["image", "digest"],
    timeout=timedelta(minutes=40),
)
create = pipeline.step("create_cluster", deploy("create_cluster", **cluster), after=[clone])
setup = pipeline.step(
    "setup_cluster",
    deploy("setup", **cluster, src_dir=src_dir, image=build["image"]),
    after=[create],
    timeout=timedelta(minutes=15),
)
pipeline.step(
    "run_tests",
    testing("test", **cluster, src_dir=src_dir, spec="e2e/tf_job.yaml", image=build["image"],
            replicas_path="spec.tfReplicaSpecs"),
    after=[setup],
    junit=True,
    timeout=timedelta(minutes=30),
)  # fmt: skip
pipeline.step("teardown_cluster", deploy("teardown", **cluster), undoes=[create, setup])
pipeline.done("done")

dag = airflow_dag(pipeline)
