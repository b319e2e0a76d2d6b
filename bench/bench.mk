# Benchmarks. Each starts what it needs on loopback, is bounded in time, and leaves nothing behind.
# BENCH_DATABASE is sqlite or postgres; BENCH_FLAGS goes to the command.
BENCH_DATABASE ?= sqlite
BENCH_FLAGS ?=
BENCH = go run ./bench/cmd/bench

.PHONY: bench bench-peer bench-floor bench-steady bench-bigroom bench-sizes bench-memory bench-start bench-all

bench: ## Load one server: rate, latency, losses, CPU and memory
	$(BENCH) run --database $(BENCH_DATABASE) $(BENCH_FLAGS)

bench-peer: ## The same load on Dendrite and on Bongsu, on SQLite and on PostgreSQL
	$(BENCH) peer $(BENCH_FLAGS)

bench-floor: ## What the database alone could take, and how much of that the server reaches
	$(BENCH) floor --database $(BENCH_DATABASE) $(BENCH_FLAGS)

bench-steady: ## Delivery at 500 sends a second
	$(BENCH) steady --database $(BENCH_DATABASE) $(BENCH_FLAGS)

bench-bigroom: ## Delivery in a room of 1,000 members
	$(BENCH) bigroom --database $(BENCH_DATABASE) $(BENCH_FLAGS)

bench-sizes: ## The cost of a send as rooms and servers grow, with its plot
	$(BENCH) sizes --database $(BENCH_DATABASE) --plot docs/img/cost-per-send-$(BENCH_DATABASE).svg $(BENCH_FLAGS)

bench-memory: ## An idle server, and 10,000 waiting clients
	$(BENCH) idle --database $(BENCH_DATABASE)
	$(BENCH) clients --database $(BENCH_DATABASE) $(BENCH_FLAGS)

bench-start: ## A start with a million events stored, and a first sync of 500 rooms
	$(BENCH) coldstart --database $(BENCH_DATABASE) $(BENCH_FLAGS)
	$(BENCH) initialsync --database $(BENCH_DATABASE) $(BENCH_FLAGS)

bench-all: ## Everything, into docs/performance/
	$(BENCH) all $(BENCH_FLAGS)
