# `make` or `make help` lists what there is.

GO ?= go
# Arguments for `make run`, such as: make run ARGS='--server-name example.org'
ARGS ?=
# How long one package's tests may take.
TEST_TIMEOUT ?= 15m

.DEFAULT_GOAL := help
# What the web client is made of.
WEB_SOURCES := web/index.html web/vite.config.ts $(shell find web/src web/public web/build -type f ! -name '*.test.*')

.PHONY: help build web run test test-group lint format clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: web ## Build bin/bongsu, one static program
	CGO_ENABLED=0 $(GO) build -o bin/bongsu ./cmd/bongsu

web: web/dist/index.html ## Build the web client, which becomes part of the program

web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	tools/need.sh node
	cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

web/dist/index.html: web/node_modules/.package-lock.json $(WEB_SOURCES)
	cd web && npm run --silent build
	@touch $@

run: build ## Build and run a server that keeps its state in data/
	bin/bongsu serve $(ARGS)

test: web .cache/weed ## Run all tests; what they need is installed if it is missing
	tools/need.sh compiler postgresql node chromium patroni etcd deploy
	cd web && npm run --silent lint && npm run --silent test
	CGO_ENABLED=1 $(GO) test -race -tags goolm -timeout $(TEST_TIMEOUT) ./...

test-group: web ## Play a long conversation of four people in browsers; it does not pass every time yet, and is not part of test
	tools/need.sh node chromium
	BONGSU_E2E_SPECS=e2e/group.spec.ts $(GO) test -count=1 -tags goolm -run 'TestInBrowsers$$' ./web/e2e

lint: bin/golangci-lint bin/govulncheck ## Check formatting, vet, lint, and look for known vulnerabilities
	$(GO) vet ./...
	bin/golangci-lint run ./...
	tools/vulncheck.sh bin/govulncheck ./cmd/...

format: bin/golangci-lint web/node_modules/.package-lock.json ## Format the code
	bin/golangci-lint fmt ./...
	cd web && npm run --silent format

include bench/bench.mk
include drill/drill.mk

clean: ## Remove what was built; data/ stays
	rm -rf bin .cache

# The tools have a module of their own, so that the server does not depend on what they depend on. Its versions are pinned in
# tools/go.mod.
bin/golangci-lint: tools/go.mod tools/go.sum
	$(GO) build -C tools -o ../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

bin/govulncheck: tools/go.mod tools/go.sum
	$(GO) build -C tools -o ../$@ golang.org/x/vuln/cmd/govulncheck

# SeaweedFS is the S3 store that media are tested with. It takes some minutes to build, once.
.cache/weed: tools/weed/go.mod tools/weed/go.sum
	CGO_ENABLED=0 $(GO) build -C tools/weed -trimpath -ldflags '-s -w' -o ../../$@ github.com/seaweedfs/seaweedfs/weed
