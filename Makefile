# Each target sets up what it needs. `make help` lists them.
SHELL := /bin/bash
PREFIX ?= /usr/local
BUILD := swift build -c release
QUAVER := .build/release/quaver
# Where make bench writes what it found.
RESULTS ?= Benchmarks/results/compare.json
# Rounds of make bench: one takes half the time of three, and its ratios are less sure.
ROUNDS ?= 3
# Folders are listed too: their time changes when a file in them is added or removed.
SOURCES := $(shell find Sources themes Package.swift 2>/dev/null)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run build test check tour format verify bench evidence install clean setup

help: ## lists these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## opens the workbench on the sample corpus
	@if [[ -t 0 && -t 1 ]]; then $(MAKE) --no-print-directory build && exec $(QUAVER) --corpus Samples; \
	else echo "make run opens the workbench, which needs a terminal; over SSH, ask for one with ssh -t."; exit 1; fi

build: setup $(QUAVER) ## builds quaver

$(QUAVER): $(SOURCES)
	@echo "building quaver: some minutes the first time"
	@$(BUILD) --product quaver
	@touch $@

test: setup ## runs the tests, in release mode
	@# Without testable imports the tests share the build of the program itself.
	@# A bound on libgomp's spinning keeps them fast beside other work; the program sets its own.
	GOMP_SPINCOUNT=10000 swift test -c release --disable-testable-imports

check: setup ## checks the format of the sources and the rules that no compiler checks
	swift format lint --strict --recursive Sources Tests Package.swift
	@.ci/rules

tour: build ## presses the keys of the README's tour and of 66 screens in tmux, and compares
	@./setup terminal
	Tests/Terminal/tour $(QUAVER)
	Tests/Terminal/tour $(QUAVER) --readme

format: setup ## rewrites the sources into their format
	swift format --in-place --recursive Sources Tests Package.swift

verify: build ## compares every stage with the reference vectors in ../shared/reference
	$(QUAVER) verify $${QUAVER_REFERENCE:-../shared/reference}

bench: build ## compares our speed with librosa's, PyTorch's and torchattacks', and both with the thresholds (an hour; stopped, it goes on)
	@./setup peers
	@Benchmarks/setup-peers >/dev/null
	@$(BUILD) --product count-allocations && .build/release/count-allocations Benchmarks/thresholds.json
	$(QUAVER) bench --against torch --against torchattacks --against librosa --rounds $(ROUNDS) --check \
	  --output $(RESULTS)

evidence: build ## runs the long trainings that quoted accuracies come from
	@Benchmarks/evidence

# Root often has no Swift on its path: what its user has built is enough.
install: ## installs quaver under PREFIX (/usr/local)
	@[[ -x $(QUAVER) ]] || $(MAKE) --no-print-directory build
	install -D -m 755 $(QUAVER) $(DESTDIR)$(PREFIX)/bin/quaver
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/quaver/themes themes/*.toml

clean: ## removes what was built here
	rm -rf .build

setup:
	@./setup
