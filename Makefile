# SPDX-License-Identifier: Apache-2.0
# The front door; `make help` says what there is. The build itself is CMake's (CMakePresets.json).
JOBS ?= $(shell nproc)
DATA ?= ./data
SECONDS_PER_TARGET ?= 60
SECONDS_PER_LOAD ?= 6
configure = cmake --preset $(1) --log-level=WARNING >/dev/null
compile = cmake --build build/$(1) --parallel $(JOBS)

.DEFAULT_GOAL := help
.PHONY: help build run test check bench soak fuzz demo format clean deps deps-tests dev

help: ## say what there is
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

build: deps ## install what is missing, build build/release/kalamdb and build/release/kalam
	@scripts/fetch-duckdb
	@$(call configure,release)
	@$(call compile,release)

run: build ## build, then start the server on 127.0.0.1:8080 with its data in ./data
	@KALAMDB_DATA_DIR="$${KALAMDB_DATA_DIR:-$(DATA)}" exec build/release/kalamdb

test: ## install what is missing, build, run every test
	@scripts/run-tests

check: dev ## style only: layers, symbols, style, clang-format, clang-tidy
	@ctest --test-dir build/dev --label-regex style --output-on-failure --parallel $(JOBS)

bench: build ## measure speed and memory
	@scripts/install-deps --bench
	@bench/run

soak: build deps-tests ## does memory grow with requests? every kind of load for SECONDS_PER_LOAD seconds (6)
	@bench/soak --seconds $(SECONDS_PER_LOAD)

fuzz: deps-tests ## fuzz every target for SECONDS_PER_TARGET seconds (60)
	@scripts/fetch-duckdb
	@$(call configure,fuzz)
	@$(call compile,fuzz) --target fuzzers
	@scripts/run-fuzzers build/fuzz $(SECONDS_PER_TARGET)

demo: build ## load this system's changelogs, one user per maintainer, and query them
	@demo/run

format: ## format all C with clang-format
	@tools/check_format --fix

clean: ## remove what was built; fetched dependencies stay
	@find build -mindepth 1 -maxdepth 1 ! -name deps -exec rm -rf {} + 2>/dev/null || true

# Steps of the targets above.
deps:
	@scripts/install-deps

deps-tests:
	@scripts/install-deps --tests

dev: deps-tests
	@scripts/fetch-duckdb
	@$(call configure,dev)
	@$(call compile,dev)
