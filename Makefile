# Every target is a short list of commands; `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

export SWIFT ?= swift
PYTHON ?= python3

# Where the tests' Python tools are installed.
VENV := .venv
# Swift tests that need Python find it here.
export PROJECT_PYTHON := $(CURDIR)/$(VENV)/bin/python

# A hidden import is an error: what a target uses it must name.
SWIFT_FLAGS := --explicit-target-dependency-import-check error
# What is deployed: no Swift runtime beside it, no function that is not called or stands in it twice, no names for
# libraries that would call back, and no tables for C++'s exceptions. All that the loader writes to at the start is
# read-only afterwards. Its libraries are in lib/ beside it, and theirs too: that takes the old tag, DT_RPATH. The new one,
# DT_RUNPATH, does not hold for the libraries of a library, and comes after LD_LIBRARY_PATH, where Lambda names /lib64
# first, with another libcurl.
RELEASE_FLAGS := -c release --static-swift-stdlib $(SWIFT_FLAGS) \
	-Xswiftc -Xfrontend -Xswiftc -function-sections -Xswiftc -use-ld=lld -Xlinker -O2 -Xlinker --icf=safe \
	-Xlinker --no-export-dynamic -Xlinker .package/no-unwind-tables.ld -Xlinker -z -Xlinker relro -Xlinker -z -Xlinker now \
	--disable-local-rpath -Xlinker -rpath -Xlinker '$$ORIGIN/lib' -Xlinker --disable-new-dtags
RELEASE := .build/release

APT_PACKAGES := pkg-config libcurl4-openssl-dev zlib1g-dev libssl-dev libexpat1-dev libsqlite3-dev python3 python3-venv
# With what libcurl is built.
PACKAGE_TOOLS := gcc make patch dpkg-dev
LIBCURL := .build/libcurl/libcurl.so.4
REQUIREMENTS := Tests/LocalCloud/requirements.txt
# What checks the templates: 400 MB, for `make test` alone.
DEPLOY_REQUIREMENTS := Tests/Deploy/requirements.txt
# Needed for a file that it carries; the rest of it is not used.
REQUIREMENTS_ALONE := Tests/LocalCloud/requirements-no-deps.txt

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} \
		/^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z-]+:.*## / {printf "  make %-22s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Try
.PHONY: demo
demo: setup bootstrap ## See a function scanned on this machine, without an AWS account
	@$(VENV)/bin/python Tests/LocalCloud/demo.py $(RELEASE)/bootstrap

##@ Develop
.PHONY: setup
setup: $(VENV)/installed ## Install what is needed: Debian packages and a virtual environment

.PHONY: libraries
libraries:
	@if ! pkg-config --exists libcurl zlib libcrypto expat sqlite3 2>/dev/null \
		|| ! $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; then \
		sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
		$$sudo apt-get update -qq; \
		$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $(APT_PACKAGES) > /dev/null; \
	fi
	@pkg-config --atleast-version=7.87 libcurl || { echo "libcurl is older than 7.87: Debian 12 and Ubuntu 24.04 have it"; exit 1; }

$(VENV)/installed: $(REQUIREMENTS) $(REQUIREMENTS_ALONE) | libraries
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check -r $(REQUIREMENTS)
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps -r $(REQUIREMENTS_ALONE)
	@touch $@

$(VENV)/deploy-installed: $(DEPLOY_REQUIREMENTS) $(VENV)/installed
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check -r $(REQUIREMENTS) -r $(DEPLOY_REQUIREMENTS)
	@touch $@

.PHONY: build
build: libraries ## Build everything for development
	@$(SWIFT) build $(SWIFT_FLAGS)

.PHONY: bootstrap
bootstrap: libraries ## Build the program that Lambda starts, as it is deployed
	@$(SWIFT) build $(RELEASE_FLAGS) --product bootstrap

.PHONY: qualysctl
qualysctl: libraries ## Build the command line
	@$(SWIFT) build $(RELEASE_FLAGS) --product qualysctl

.PHONY: lint
lint: ## Check the format of the Swift code
	@$(SWIFT) format lint --strict --parallel --recursive Package.swift Sources Tests

.PHONY: format
format: ## Format the Swift code
	@$(SWIFT) format --in-place --parallel --recursive Package.swift Sources Tests

.PHONY: test
test: setup lint unit-test end-to-end-test package-test deploy-test ## Run every check and every test

# Those that talk over sockets and to processes have time limits: they do not share the machine with the differential tests.
SOCKET_TESTS := (HTTPTransport|LambdaRuntime|QScanner|Telemetry)Tests

.PHONY: unit-test
unit-test: setup ## Run the Swift tests
	@$(SWIFT) build $(SWIFT_FLAGS) --build-tests
	@$(SWIFT) test $(SWIFT_FLAGS) --skip-build --filter '$(SOCKET_TESTS)'
	@$(SWIFT) test $(SWIFT_FLAGS) --skip-build --skip '$(SOCKET_TESTS)'

.PHONY: end-to-end-test
end-to-end-test: setup bootstrap qualysctl ## Run the tests of the built programs against the local cloud
	@cd Tests/LocalCloud && $(PROJECT_PYTHON) -m pytest -q -rs
	@cd Tests/EndToEnd && $(PROJECT_PYTHON) -m pytest -q -rs

.PHONY: package-test
package-test: setup package ## Test the package, but for a second build of it (make verify-package has that too)
	@cd Tests/Package && $(PROJECT_PYTHON) -m pytest -q -rs -k "not built_again"

.PHONY: deploy-test
deploy-test: setup $(VENV)/deploy-installed package ## Deploy every template and Terraform module to the local cloud, and scan
	@cd Tests/Deploy && $(PROJECT_PYTHON) -m pytest -q -rs

.PHONY: bench
bench: setup package qualysctl streambench ## Measure start-up, cached answers, memory, parsing and the jobs, side by side with Python
	@$(VENV)/bin/python Tests/Benchmarks/bench.py build/bootstrap.zip
	@for job in was_export was_snapshot host_detections car_import; do \
		$(VENV)/bin/python Tests/Benchmarks/$$job.py $(RELEASE)/qualysctl; \
	done

.PHONY: streambench
streambench: libraries
	@$(SWIFT) build $(RELEASE_FLAGS) --product streambench

##@ Package
.PHONY: package
package: bootstrap libcurl ## Pack bootstrap and its libraries for Lambda: build/bootstrap.zip
	@$(PYTHON) .package/bootstrap.py $(RELEASE)/bootstrap $(LIBCURL) build/bootstrap.zip

.PHONY: libcurl
libcurl: libraries
	@if ! type gcc make patch dpkg-source > /dev/null 2>&1; then \
		sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
		$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $(PACKAGE_TOOLS) > /dev/null; \
	fi
	@$(PYTHON) .package/libcurl.py $(LIBCURL) .build/libcurl-source

.PHONY: verify-package
verify-package: setup package ## Prove that the package starts on provided.al2023, and that two builds give the same bytes
	@cd Tests/Package && $(PROJECT_PYTHON) -m pytest -q -rs

.PHONY: layer
layer: ## Pack QScanner, put into layer/ before, for Lambda: build/qscanner-layer.zip
	@$(PYTHON) .package/layer.py layer build/qscanner-layer.zip

##@ Deploy
# QUALYS_POD, AWS_REGION and the rest come from the command line, whose variables make hands on, or the environment;
# PARAMETERS takes any further parameters of the template, as Name=Value.
REGIONS ?= us-east-1 us-west-2 eu-west-1

# Everybody on the machine can read a command line.
SECRETS := QUALYS_ACCESS_TOKEN QUALYS_PASSWORD CAR_SERVICE_KEY CAR_SERVICE_PASSWORD CAR_SERVICE_AUTHTOKEN
$(foreach name,$(SECRETS),$(if $(findstring command,$(origin $(name))),\
	$(error $(name) belongs into the environment, not on the command line: export it, and change it, as it has been seen)))

.PHONY: deploy
deploy: package layer ## Deploy to this account: QUALYS_POD= AWS_REGION=, and QUALYS_ACCESS_TOKEN in the environment
	@cloudformation/deploy.sh account

.PHONY: deploy-multi-region
deploy-multi-region: package layer ## The same in several regions: REGIONS="us-east-1 us-west-2 eu-west-1"
	@for region in $(REGIONS); do AWS_REGION=$$region cloudformation/deploy.sh account; done

.PHONY: deploy-stackset
deploy-stackset: package layer ## Roll a scanner out to every account of ORG_UNIT_IDS= by a StackSet
	@cloudformation/deploy.sh stackset

.PHONY: deploy-hub
deploy-hub: package layer ## Deploy one scanner for many accounts: EXTERNAL_ID= and ORGANIZATION_ID= or SPOKE_ACCOUNT_IDS=
	@cloudformation/deploy.sh hub

.PHONY: deploy-spoke-stackset
deploy-spoke-stackset: ## Roll the spokes of the hub out to ORG_UNIT_IDS= and SPOKE_REGIONS= by a StackSet
	@cloudformation/deploy.sh spoke-stackset

.PHONY: secret
secret: ## Create or update the secret alone, for Terraform, and print its ARN
	@cloudformation/deploy.sh secret

.PHONY: update-function
update-function: package ## Give the deployed scanner new code, and nothing else
	@cloudformation/deploy.sh update-function

.PHONY: logs
logs: ## Follow the scanner's log
	@cloudformation/deploy.sh logs

.PHONY: rescan
rescan: ## Scan a function again: FUNCTION=, with a hub the ARN of a spoke's
	@cloudformation/deploy.sh rescan

.PHONY: delete
delete: ## Remove the stack; results and secret stay: CONFIRM=<stack>
	@cloudformation/deploy.sh delete

##@ Clean
.PHONY: clean
clean: ## Remove what was built and installed here
	@rm -rf .build build $(VENV)
