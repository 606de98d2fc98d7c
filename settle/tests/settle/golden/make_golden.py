#!/usr/bin/env python3
"""Makes the golden cases beside it anew: make_golden.py ORACLE_DIR EVENTS_DIR

What a draft of Farthing is compared with here was computed by the oracle, not by Farthing. Each case holds the input of `plan`
(accruals and terms) and the oracle's draft. Few events are enough: the cases are to be read, not to be large."""
import itertools, json, os, sys, tempfile
from datetime import datetime, timezone

sys.path.insert(0, sys.argv[1])
import farthing_oracle as oracle

EVENTS, HERE = sys.argv[2], os.path.dirname(os.path.abspath(__file__))
KEYS = ("reference_kind", "party", "mid", "agreement", "platform", "use", "currency", "status")
NOW = oracle.instant("2027-01-01T00:00:00Z")


def metered(reg, files):
    paths = []
    for name, count in files:
        with open(os.path.join(EVENTS, name + ".ndjson")) as f, tempfile.NamedTemporaryFile("w", delete=False) as out:
            out.writelines(itertools.islice(f, count))
        paths.append(out.name)
    accruals = oracle.meter(paths, reg, NOW)[2]
    for path in paths:
        os.unlink(path)
    return accruals


def case(name, reg, accruals, mid, cycle, opening, without=()):
    m = reg.by["mid"][mid]
    expected = oracle.draft(reg, accruals, mid, cycle, None, opening, without)
    rows = [dict(zip(KEYS, k[1:]), gross=oracle.text(g), labour=oracle.text(l))
            for k, (g, l) in sorted(accruals.items()) if k[0] == cycle and k[7] == m["currency"]]
    end = datetime.fromisoformat(cycle + "-01").replace(tzinfo=timezone.utc)
    end = end.replace(year=end.year + end.month // 12, month=end.month % 12 + 1)
    end = int(end.timestamp()) * 10 ** 6
    parties = {r["party"] for r in rows if r["mid"] == mid and r["status"] == "payable"} | set(opening)
    stays = lambda p: any(x["mid"] == mid and x["_to"] > end for x in reg.member[p])
    payees = {p: {"payout": reg.by["party"][p].get("payout"), "stays": stays(p)} for p in sorted(parties)}
    agreements = {a["id"]: {"platform": a["platform"], "on_shortfall": a["on_shortfall"]}
                  for a in reg.many["agreement"].values() if a["mid"] == mid}
    write = {"mid": mid, "fee": m["fee"], "recovery_cap": m.get("recovery_cap", "0.25"), "thresholds": m.get("thresholds", []),
             "cycle": cycle, "currency": m["currency"], "agreements": agreements, "payees": payees, "accruals": rows,
             "carried_in": {p: oracle.text(u) for p, u in sorted(opening.items())}, "without": sorted(without), "expected": expected}
    with open(os.path.join(HERE, name + ".json"), "w") as f:
        f.write("{" + ",\n".join(json.dumps(k) + ":" + listed(v) for k, v in write.items()) + "}\n")
    print(name, "refused" if expected["refused"] else "", len(rows), "accruals", len(expected["lines"]), "lines", expected["paid"], "paid")
    return expected


def listed(value):
    """A list with an element on each line, so that a difference is a line."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n" + ",\n".join(json.dumps(x, separators=(",", ":")) for x in value) + "]"
    if isinstance(value, dict) and value and (any(isinstance(x, list) for x in value.values()) or all(isinstance(x, dict) for x in value.values())):
        return "{\n" + ",\n".join(json.dumps(k) + ":" + listed(x) for k, x in value.items()) + "}"
    return json.dumps(value, separators=(",", ":"))


def carried(draft):
    return {x["party"]: oracle.units_of(x["carried_out"]) for x in draft["lines"]}


def main():
    reg = oracle.Registry(os.path.join(EVENTS, "registry.ndjson"))
    october = metered(reg, [("ragpulse", 25), ("azure_code", 60), ("robust03", 3), ("mixtures", 2)])
    november = metered(reg, [("november", 25)])
    coop = carried(oracle.draft(reg, october, "mid_coop", "2026-10"))
    case("true_up", reg, october, "mid_coop", "2026-10", {p: i * 7 * 10 ** 8 for i, p in enumerate(sorted(coop))})
    case("without", reg, october, "mid_coop", "2026-10", {}, {"agr_campus_coop"})
    case("refused", reg, october, "mid_new", "2026-10", {})
    guild = case("guild_october", reg, october, "mid_guild", "2026-10", {})
    opening = carried(guild)
    for i, party in enumerate(sorted(opening)):
        if i % 3 == 0:                                # what the oracle cannot make itself: parties that owe
            opening[party] = -opening[party] // 40 - 7
        elif i % 3 == 1:
            opening[party] = opening[party] * 90
    case("guild_november", reg, november, "mid_guild", "2026-11", opening)


main()
