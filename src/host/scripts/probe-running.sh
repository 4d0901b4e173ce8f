#!/bin/sh
# Prints only which domains this host runs and which migrations it has begun: a few processes suffice, while probe.sh reads
# everything. Changes nothing.
# Arguments: none.
# Prints the sections identity, domains and migrations of probe.sh, between its first and its last line. The domains are
# unknown when the toolstack does not answer within 20 s.
# Exit codes: 0 always.
set -eu
# include: prelude.sh
# include: probe-rows.sh
# include: probe-identity.sh
# include: probe-domain-list.sh
# include: probe-migrations.sh

make_work
row probe 1
section identity identity
section migrations migrations
section domains domains_at_once
row end probe
