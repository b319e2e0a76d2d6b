# Benchmarks. Each starts what it needs on loopback, is bounded in time, and leaves nothing behind.

# sqlite or postgres.
BENCH_DATABASE ?= sqlite
# Arguments for the benchmarks, such as: make bench BENCH='--rooms 100'
BENCH ?=

.PHONY: bench bench-peer bench-floor bench-steady bench-big bench-sizes bench-idle bench-clients bench-cold bench-sync bench-sliding bench-encryption bench-all

bench: ## Measure this server under load (BENCH_DATABASE=sqlite|postgres here and below)
	$(GO) run ./bench/cmd/bench run --database $(BENCH_DATABASE) $(BENCH)

bench-peer: ## Measure this server and Dendrite under the same load, on both databases
	$(GO) run ./bench/cmd/bench peer $(BENCH)

bench-floor: ## Measure what the database and signing alone allow, on both databases
	$(GO) run ./bench/cmd/bench floor $(BENCH)

bench-steady: ## Measure delivery at 500 sends a second
	$(GO) run ./bench/cmd/bench steady --database $(BENCH_DATABASE) $(BENCH)

bench-big: ## Measure delivery in a room of 1,000 members
	$(GO) run ./bench/cmd/bench bigroom --database $(BENCH_DATABASE) $(BENCH)

bench-sizes: ## Measure the cost of a send as rooms and servers grow
	$(GO) run ./bench/cmd/bench sizes --database $(BENCH_DATABASE) $(BENCH)

bench-idle: ## Measure the memory of a server that nobody uses
	$(GO) run ./bench/cmd/bench idle --database $(BENCH_DATABASE) $(BENCH)

bench-clients: ## Measure the memory of 10,000 waiting clients
	$(GO) run ./bench/cmd/bench clients --database $(BENCH_DATABASE) $(BENCH)

bench-cold: ## Measure a start with a million events stored
	$(GO) run ./bench/cmd/bench coldstart --database $(BENCH_DATABASE) $(BENCH)

bench-sync: ## Measure the first sync of an account in 500 rooms
	$(GO) run ./bench/cmd/bench initialsync --database $(BENCH_DATABASE) $(BENCH)

bench-sliding: ## Measure the first sliding sync of an account in 2,000 rooms
	$(GO) run ./bench/cmd/bench slidingsync --database $(BENCH_DATABASE) $(BENCH)

bench-encryption: ## Measure keys, messages to devices, and the first encrypted message in a group of 400 devices
	$(GO) run ./bench/cmd/bench encryption --database $(BENCH_DATABASE) $(BENCH)

bench-all: ## Run all benchmarks and write docs/performance.md's figures
	$(GO) run ./bench/cmd/bench all $(BENCH)
