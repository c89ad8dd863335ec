"""Makes a table by seed, runs real tools on it step by step, and prints what it did: a task is derived from the trace, never the other
way round. Standard input: {"seed": n}; standard output: {"table", "steps", "result"}."""
import csv
import io
import json
import random
import statistics
import sys

CITIES = ["Aachen", "Bergen", "Cadiz", "Delft", "Evora", "Ghent"]
GOODS = ["bolts", "cable", "glue", "hinges", "nails", "paint", "tiles"]
FIELDS = ["order", "city", "goods", "units", "price"]


def make_table(draw):
    out = io.StringIO()
    writer = csv.DictWriter(out, FIELDS, lineterminator="\n")
    writer.writeheader()
    for order in range(1, draw.randint(40, 80) + 1):
        row = {"order": order, "city": draw.choice(CITIES), "goods": draw.choice(GOODS)}
        writer.writerow({**row, "units": draw.randint(1, 60), "price": draw.randint(50, 9000)})
    return out.getvalue()


def keep(rows, draw):
    if draw.random() < 0.5:
        least = draw.randint(5, 25)
        return {"op": "keep", "field": "units", "least": least}, [row for row in rows if row["units"] >= least]
    field, values = draw.choice([("city", CITIES), ("goods", GOODS)])
    gone = draw.choice(values)
    return {"op": "leave-out", "field": field, "value": gone}, [row for row in rows if row[field] != gone]


def group(rows, draw):
    by = draw.choice(["city", "goods"])
    how, of = draw.choice([("sum", "units"), ("sum", "price"), ("max", "price"), ("count", "order"), ("median", "units")])
    groups = {}
    for row in rows:
        groups.setdefault(row[by], []).append(row[of])
    tools = {"sum": sum, "max": max, "count": len, "median": statistics.median_low}
    step = {"op": "group", "by": by, "how": how, "of": of}
    return step, [{"name": name, "value": tools[how](values)} for name, values in groups.items()]


def order(rows, draw):
    falling = draw.random() < 0.5
    by_name = sorted(rows, key=lambda row: row["name"])
    step = {"op": "sort", "order": "descending" if falling else "ascending"}
    return step, sorted(by_name, key=lambda row: row["value"], reverse=falling)


def first(rows, draw):
    most = draw.randint(2, max(2, len(rows) - 1))
    return {"op": "first", "most": most}, rows[:most]


def main():
    draw = random.Random(json.load(sys.stdin)["seed"])
    table = make_table(draw)
    rows = list(csv.DictReader(io.StringIO(table)))
    rows = [{**row, "units": int(row["units"]), "price": int(row["price"]), "order": int(row["order"])} for row in rows]
    steps = []
    for tool in [keep, group, order] + ([first] if draw.random() < 0.6 else []):
        step, rows = tool(rows, draw)
        steps.append({**step, "left": len(rows)})
    print(json.dumps({"table": table, "steps": steps, "result": rows}))


main()
