# The only entry point. `make help` lists the targets.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
RUN := scripts/run
STAGE := scripts/stage

# Two sets of features, so two builds of what they share: the workspace as users run it, with its tests; and the
# pallets and the runtime with benchmarks and try-runtime, whose wasm nobody needs.
PALLETS := $(patsubst pallets/%,pallet-%,$(wildcard pallets/*))
FRAME_CRATES := $(PALLETS) stoa-runtime
FEATURES := $(foreach crate,$(FRAME_CRATES),$(crate)/runtime-benchmarks $(crate)/try-runtime)
comma := ,
space := $(subst ,, )
UNITS := $(RUN) cargo nextest run --locked --workspace $(PALLETS:%=--exclude %)
PALLET_TESTS := $(RUN) cargo nextest run --locked $(FRAME_CRATES:%=-p %) \
	--features $(subst $(space),$(comma),$(strip $(FEATURES)))

.PHONY: help setup dev network build check lint test units pallets e2e metadata weights bench soak

help: ## Show this list
	@grep -hE '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9]+):.*## /\1\t/' | expand -t 10

setup: ## Install what building and testing need
	@$(STAGE) setup scripts/setup.sh --with-tests

build: setup ## Build the node and the command line
	@$(STAGE) build $(RUN) cargo build --locked --workspace

dev: ## Set up, build, and run a development chain with content and HTTP
	@scripts/setup.sh
	@$(RUN) cargo build --locked --workspace --bins
	@$(RUN) scripts/dev.sh

network: build ## Run a network of four validators and a full node on this machine
	@$(RUN) scripts/local-network.sh

check: setup ## Formatting
	@$(STAGE) fmt $(RUN) cargo fmt --all --check

lint: build ## Lints, of all crates and their tests
	@$(STAGE) clippy $(RUN) cargo clippy --locked --workspace --all-targets -- -D warnings

units: build ## Unit and property tests of all but the pallets
	@$(STAGE) units $(UNITS)

pallets: setup ## Unit and property tests of the pallets and the runtime, with their benchmarks
	@SKIP_WASM_BUILD=1 $(STAGE) pallets $(PALLET_TESTS)

e2e: build ## Real nodes with real clients, all of it
	@$(STAGE) e2e-setup $(RUN) tests/e2e/setup.sh
	@$(STAGE) e2e $(RUN) tests/e2e/run.sh

test: check units pallets e2e ## Everything that CI runs
	@$(STAGE) --summary

metadata: setup ## Write the metadata that the SDK is generated from
	@STOA_UPDATE_METADATA=1 $(UNITS) -E 'test(metadata_of_the_sdk_is_current)'

weights: setup ## Generate the weights of our pallets (slow; needs an idle machine)
	@$(RUN) scripts/weights.sh

bench: setup ## The figures of docs/figures.md
	@$(RUN) cargo run --locked --release -p stoa-content --example import_bench -- --size 1GiB
	@$(RUN) cargo run --locked --release -p stoa-gateway --example get_bench
	@$(RUN) cargo run --locked --workspace --example transfer_bench

soak: build ## Every campaign at its full length (hours)
	@$(RUN) tests/e2e/setup.sh
	@PROPTEST_CASES=100000 $(UNITS)
	@PROPTEST_CASES=100000 SKIP_WASM_BUILD=1 $(PALLET_TESTS)
	@STOA_ROUNDS=50 $(RUN) tests/e2e/run.sh test_crash.py consortium/test_faults.py
