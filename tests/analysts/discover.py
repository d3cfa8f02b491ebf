"""Run by a test in a process of its own: pm4py reads an OCEL file, says whether it keeps the rules, and finds the process of the cases."""

import json
import sys
from typing import Any

import pm4py
from pm4py.objects.ocel.validation import ocel20_rel_validation

file = sys.argv[1]
kept, broken = ocel20_rel_validation.apply(file)
log: Any = pm4py.read_ocel2_sqlite(file)
wanted = {name for name in set(log.events["ocel:activity"]) if "step-completed" in name or name.endswith(".opened B1")}
of_procedure: Any = log.relations[log.relations["ocel:oid"] == sys.argv[2]]["ocel:eid"]
cases = set(log.relations[(log.relations["ocel:eid"].isin(of_procedure)) & (log.relations["ocel:type"] == "case")]["ocel:oid"])
flat: Any = pm4py.ocel_flattening(log, "case")
flat = flat[flat["case:concept:name"].isin(cases) & flat["concept:name"].isin(wanted)]
net, start, end = pm4py.discover_petri_net_inductive(flat, noise_threshold=0.2)
found, _, _ = pm4py.discover_dfg(flat)
json.dump(
    {
        "kept": len(kept),
        "broken": broken,
        "events": len(log.events),
        "objects": log.objects["ocel:type"].value_counts().to_dict(),
        "transitions": sorted(one.label for one in net.transitions if one.label),
        "fitness": pm4py.fitness_token_based_replay(flat, net, start, end)["log_fitness"],
        "follows": sorted([a, b, int(n)] for (a, b), n in found.items()),
    },
    sys.stdout,
)
