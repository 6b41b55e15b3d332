# The contributor's menu: `make` prints it.
PULL ?= 1

python := .venv/bin/python
conf    = {"PULL_NUMBER": "$(PULL)"}
# All that set-up can bring, but for what only tests want.
needed  = $(filter-out browser manifests policies registry stores,$(notdir $(wildcard scripts/setup.d/*)))

.DEFAULT_GOAL := menu
.PHONY: menu e2e local run_postgre run_airflow stop status test lint bench plan graph hello setup clean python image secrets

menu:
	@awk -F ':.*## ' '/^[a-z_0-9]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

e2e: ## set up what is missing, start Airflow, and test a pull request of the bundled sample there: PULL=1, or 2
	@scripts/setup $(needed)
	@$(python) -m py.standalone status >/dev/null || $(python) -m py.standalone run_airflow --mode=embedded
	@echo "Airflow stays up when the run is over: \`make stop\` ends it"
	@AIRFLOW_API_URL= $(python) -m py.prow run tf_k8s_tests --conf '$(conf)'

local: ## the same without Airflow
	@scripts/setup $(needed)
	@$(python) -m py.e2e run tf_k8s_tests --conf '$(conf)'

run_postgre: python ## start the local Airflow's Postgres
	@$(python) -m py.standalone run_postgre

run_airflow: python ## start the local Airflow, and say where it is; . airflow/activate gives a shell with it
	@$(python) -m py.standalone run_airflow

stop: python ## stop the local Airflow and its Postgres; what they keep stays
	@$(python) -m py.standalone stop

status: python ## say which parts of the local Airflow run
	@$(python) -m py.standalone status

test: setup lint ## set up what is missing, then lint and every test
	$(python) -m pytest -n 4 --no-loadscope-reorder

lint: python ## ruff, mypy, import-linter, shellcheck, kube-score
	@scripts/lint

bench: setup ## measure speed and memory against the budget and the peers
	$(python) -m benchmarks

plan: python ## every command that e2e would run; nothing is started
	@$(python) -m py.e2e plan tf_k8s_tests --conf '$(conf)'

graph: python ## the pipeline drawn: Mermaid text
	@$(python) -m py.e2e graph tf_k8s_tests

hello: python ## run the smallest pipeline
	@$(python) -m py.e2e run hello

image: ## build the image that deployment.yaml runs, and name it there; REGISTRY=HOST/PATH pushes it
	@scripts/image

secrets: ## print the secrets that deployment.yaml wants, for `kubectl apply -f -`
	@scripts/secrets

setup: ## set up what is missing on this machine, and nothing else
	@scripts/setup

python: ## set up .venv, and nothing else
	@scripts/setup python

clean: ## remove what was made in this folder; .venv and the caches outside it stay
	rm -rf build .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

