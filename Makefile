# Farthing. `make` lists what there is; a configured CARGO_TARGET_DIR is respected.

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# Pure crates, and what is denied in them beyond the lints of the workspace. tests/guards/lints.rs reads these three lines.
PURE_CRATES := -p farthing-schemas -p farthing-aggregate -p farthing-settle -p farthing-bank
MONEY_LINTS := -D warnings -D clippy::cast_possible_truncation -D clippy::cast_sign_loss -D clippy::cast_precision_loss -D clippy::cast_possible_wrap -D clippy::float_arithmetic -D clippy::unwrap_used
PURE_DOC_FLAGS := -D warnings -D missing_docs

# Where cargo builds: asked of cargo, so that an environment variable, a configuration file or nothing at all are the same to us.
TARGET_DIR = $(shell cargo metadata --no-deps --offline --format-version 1 | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
TESTS = cargo test --workspace --all-features

.PHONY: help setup demo build test test-slow check guards bench bench-kafka bench-payouts soak fix

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

# Without topics, whose client is compiled from C and wants OpenSSL's headers, and without buckets, whose TLS takes its time: the demo needs
# nothing but Rust and a C compiler.
demo: ## meter a real week and a generated month, settle them, show what came out
	@rm -rf demo-data
	cargo run --quiet -p farthing --no-default-features -- demo --data ./demo-data

setup: ## install what the tests need (Python packages in .venv, Kafka in .services; the rest through apt, where it may)
	deploy/install-test-tools.sh

# The end-to-end tests run the binary from the profile folder that they are built into themselves. Everything is built in one go and with
# the features of one resolution, here and in every command of `make test`: other selections would build dependencies a second time.
build:
	cargo build --workspace --all-targets --all-features

test: setup build ## everything: checks, unit tests, end-to-end tests (30 kills)
	$(MAKE) check
	$(TESTS) 2>&1 | tee "$(TARGET_DIR)/tests.log"
	@awk '/^test result:/ { passed += $$4; failed += $$6 } END { print passed " passed, " failed " failed" }' "$(TARGET_DIR)/tests.log"

test-slow: setup build ## the same with 300 kills, 200 tamperings and the long properties
	FARTHING_TEST_SLOW=1 $(TESTS)

check: guards ## guards, format, lints, documentation, dependencies
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --all-features -- -D warnings
	cargo clippy $(PURE_CRATES) --lib -- $(MONEY_LINTS)
	RUSTDOCFLAGS='$(PURE_DOC_FLAGS)' cargo doc --no-deps $(PURE_CRATES)
	deploy/check-dependencies.sh

# Shows what the guards measured, such as the longest functions.
guards:
	cargo test --workspace --all-features --test guards -- --show-output

bench: setup ## the release binary against DuckDB, at fan-out 1, 8 and 32 (options in BENCH)
	cargo build --release -p farthing -p farthing-load-tests
	"$(TARGET_DIR)/release/farthing-load" bench --farthing "$(TARGET_DIR)/release/farthing" $(BENCH)

bench-kafka: setup ## the release binary from a broker to durable state, against librdkafka alone and Kafka Streams (options in BENCH)
	cargo build --release -p farthing -p farthing-load-tests
	"$(TARGET_DIR)/release/farthing-load" bench-kafka --farthing "$(TARGET_DIR)/release/farthing" --streams-built "$(TARGET_DIR)/kafka-streams" $(BENCH)

bench-payouts: ## the release binary from a cycle's draft to files for banks and the root, of 10,000 to 1,000,000 payees (options in BENCH)
	cargo build --release -p farthing -p farthing-load-tests
	"$(TARGET_DIR)/release/farthing-load" payouts --farthing "$(TARGET_DIR)/release/farthing" $(BENCH)

MINUTES ?= 30
soak: setup ## a steady stream at half of the measured rate with a fault a minute, for so many MINUTES (30; options in BENCH)
	cargo build --release -p farthing -p farthing-load-tests
	"$(TARGET_DIR)/release/farthing-load" soak --farthing "$(TARGET_DIR)/release/farthing" --minutes $(MINUTES) $(BENCH)

fix: ## format, and apply what clippy can mend
	cargo clippy --workspace --all-targets --all-features --fix --allow-dirty --allow-staged
	cargo fmt --all
