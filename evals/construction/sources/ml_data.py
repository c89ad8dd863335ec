"""Makes a small table by seed and what simple models reach on it. Standard input: {"seed": n, "kind": "rmse"|"accuracy"}; standard
output: {"train", "test", "labels", "scores", "best"}: the models are the leaderboard that medals are set by."""
import json
import math
import random
import sys

FEATURES = 4
TRAIN, TEST = 240, 120


def solve(matrix, right):
    """Gaussian elimination with pivots; a little is added to the diagonal by the caller, so that there is always a solution."""
    n = len(right)
    rows = [list(row) + [value] for row, value in zip(matrix, right)]
    for column in range(n):
        pivot = max(range(column, n), key=lambda row: abs(rows[row][column]))
        rows[column], rows[pivot] = rows[pivot], rows[column]
        for row in range(column + 1, n):
            factor = rows[row][column] / rows[column][column]
            rows[row] = [a - factor * b for a, b in zip(rows[row], rows[column])]
    found = [0.0] * n
    for row in reversed(range(n)):
        known = sum(rows[row][at] * found[at] for at in range(row + 1, n))
        found[row] = (rows[row][n] - known) / rows[row][row]
    return found


def plain(x):
    return [1.0, *x]


def crossed(x):
    return [1.0, *x, *(a * b for i, a in enumerate(x) for b in x[i:])]


def fitted(train, view):
    seen = [(view(x), y) for x, y in train]
    n = len(seen[0][0])
    matrix = [[sum(v[i] * v[j] for v, _ in seen) + (1e-3 if i == j else 0) for j in range(n)] for i in range(n)]
    weights = solve(matrix, [sum(v[i] * y for v, y in seen) for i in range(n)])
    return lambda x: sum(w * v for w, v in zip(weights, view(x)))


def nearest(train, k=7):
    def predict(x):
        by = sorted(train, key=lambda one: math.dist(one[0], x))[:k]
        return sum(y for _, y in by) / k

    return predict


def main():
    request = json.load(sys.stdin)
    draw = random.Random(request["seed"])
    accuracy = request["kind"] == "accuracy"
    linear = [draw.uniform(-2, 2) for _ in range(FEATURES)]
    a, b = draw.sample(range(FEATURES), 2)
    strength = draw.uniform(1.5, 3)

    def sample():
        x = [round(draw.gauss(0, 1), 3) for _ in range(FEATURES)]
        y = sum(w * v for w, v in zip(linear, x)) + strength * x[a] * x[b] + draw.gauss(0, 0.5)
        return x, (1 if y > 0 else 0) if accuracy else round(y, 3)

    train, test = [sample() for _ in range(TRAIN)], [sample() for _ in range(TEST)]
    mean = sum(y for _, y in train) / TRAIN
    models = {"mean": lambda x: mean, "linear": fitted(train, plain), "nearest": nearest(train), "crossed": fitted(train, crossed)}
    predicted = {}
    scores = {}
    for name, model in models.items():
        values = [model(x) for x, _ in test]
        values = [1 if v > 0.5 else 0 for v in values] if accuracy else [round(v, 4) for v in values]
        predicted[name] = values
        if accuracy:
            scores[name] = sum(v == y for v, (_, y) in zip(values, test)) / TEST
        else:
            scores[name] = math.sqrt(sum((v - y) ** 2 for v, (_, y) in zip(values, test)) / TEST)
    best = (max if accuracy else min)(scores, key=lambda name: scores[name])
    head = "id," + ",".join(f"x{i + 1}" for i in range(FEATURES))
    line = lambda at, x: ",".join([f"r{at}", *map(str, x)])
    said = {
        "train": head + ",label\n" + "".join(f"{line(at, x)},{y}\n" for at, (x, y) in enumerate(train)),
        "test": head + "\n" + "".join(f"{line(TRAIN + at, x)}\n" for at, (x, _) in enumerate(test)),
        "labels": [{"id": f"r{TRAIN + at}", "label": y} for at, (_, y) in enumerate(test)],
        "scores": scores,
        "best": "id,prediction\n" + "".join(f"r{TRAIN + at},{v}\n" for at, v in enumerate(predicted[best])),
    }
    print(json.dumps(said))


main()
