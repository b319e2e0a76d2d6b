# The fire drill: three data centres on this machine, and faults. It needs root, or sudo that asks for no password.

# Arguments for the drills, such as: make drill DRILL='--seed 7 --faults fire,cut'
DRILL ?=
# How many seeds `make drill-long` takes, from which one on.
DRILL_RUNS ?= 4
DRILL_FROM ?= 1

.PHONY: drill drill-short drill-long

drill: build .cache/weed ## Make a fire drill: every fault once, in an order of a seed's
	tools/need.sh compiler postgresql patroni etcd sites
	tools/asroot.sh bin/bongsu drill $(DRILL)

drill-short: build .cache/weed ## Make the short drill: a fire, a cut, the loss of another site
	tools/need.sh compiler postgresql patroni etcd sites
	tools/asroot.sh bin/bongsu drill --short $(DRILL)

drill-long: build .cache/weed ## Make drills of every fault from several seeds (DRILL_RUNS, DRILL_FROM), each with its report
	tools/need.sh compiler postgresql patroni etcd sites
	tools/drills.sh $(DRILL_FROM) $(DRILL_RUNS) $(DRILL)
