#!/usr/bin/python3
"""Markdown tables from results.jsonl:  table.py [--wide] FILE [N ...]

--wide: one row a workload, one column a server: req/s, p50/p95/p99 ms, server CPU ms per request.

Of several runs of one workload the one least disturbed by other processes is shown
(the lowest others_cores among runs that answered anything)."""
import json, sys

ORDER = "put poll get get-304 propfind-1 sync-0 sync-1 multiget query query-data freebusy update".split()
args = [a for a in sys.argv[1:] if a != "--wide"]
wide = len(args) < len(sys.argv) - 1
rows = {}
for line in open(args[0]):
    r = json.loads(line)
    k = (r["n"], r["workload"], r["server"])
    if k not in rows or (r["done"] > 0, -r["others_cores"]) > (rows[k]["done"] > 0, -rows[k]["others_cores"]):
        rows[k] = r
ns = [int(a) for a in args[1:]] or sorted({k[0] for k in rows})
servers = sorted({k[2] for k in rows})

def cell(r):
    if not r:
        return "not run"
    if not r["done"]:
        return f'no answer in {r["secs"]:.0f} s'
    d = r["done"]
    out = f'{r["rps"]:.1f}/s; {ms(r["p50"])}/{ms(r["p95"])}/{ms(r["p99"])} ms; CPU {r["srv_cpu_s"] * 1e3 / d:.2f}'
    if r["errors"]:
        out += f'; {r["errors"]} errors ({r["last_bad"]})'
    if r["wrong"]:
        out += f'; WRONG {r["wrong"]}/{r["checked"]}'
    return out

def ms(v):
    return f"{v:.0f}" if v >= 100 else f"{v:.1f}" if v >= 10 else f"{v:.2f}"

for n in ns:
    print(f"\n### N = {n:,}\n")
    if wide:
        print("| workload | " + " | ".join(servers) + " |\n|---|" + "---|" * len(servers))
        for w in ORDER:
            if any((n, w, s) in rows for s in servers):
                print(f"| {w} | " + " | ".join(cell(rows.get((n, w, s))) for s in servers) + " |")
        continue
    print("| workload | c | server | req/s | p50 ms | p95 | p99 | errors | right | KB/answer | server CPU ms/req | PSS MB | others, cores |")
    print("|---|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
    for w in ORDER:
        for s in servers:
            r = rows.get((n, w, s))
            if not r:
                continue
            d = max(r["done"], 1)
            if not r["done"]:
                print(f'| {w} | {r["conc"]} | {s} | no answer in {r["secs"]:.0f} s | | | | {r["errors"]} | | | | | |')
                continue
            right = f'{r["checked"] - r["wrong"]}/{r["checked"]}' if r["checked"] else "-"
            err = f'{r["errors"]} ({r["last_bad"]})' if r["errors"] else "0"
            print(f'| {w} | {r["conc"]} | {s} | {r["rps"]:.1f} | {ms(r["p50"])} | {ms(r["p95"])} | {ms(r["p99"])} | {err} | {right} '
                  f'| {r["bytes_in"] / d / 1000:.1f} | {r["srv_cpu_s"] * 1e3 / d:.2f} | {r["pss_kb"] // 1024} | {r["others_cores"]:.2f} |')
if len(ns) > 1:
    a, b = ns[0], ns[-1]
    print(f"\n### Growth of server CPU per request, N = {a:,} to {b:,}\n")
    print("| workload | " + " | ".join(servers) + " |\n|---|" + "--:|" * len(servers))
    for w in ORDER:
        out = []
        for s in servers:
            x, y = rows.get((a, w, s)), rows.get((b, w, s))
            if x and y and x["done"] and y["done"] and x["srv_cpu_s"] > 0 and not (x["errors"] >= x["done"] or y["errors"] >= y["done"]):
                cx, cy = x["srv_cpu_s"] * 1e3 / x["done"], y["srv_cpu_s"] * 1e3 / y["done"]
                out.append(f"{cx:.2f} -> {cy:.2f} ms (x{cy / cx:.1f})")
            else:
                out.append("-")
        print(f"| {w} | " + " | ".join(out) + " |")
