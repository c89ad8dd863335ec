import json
import math
import random

from wave.model import gradients
from wave.schedule import rate


def main():
    with open("config.json", encoding="utf-8") as file:
        config = json.load(file)
    rng = random.Random(5)
    weights = [0.0] * 4
    for step in range(config["steps"]):
        xs = [rng.uniform(-3, 3) for _ in range(32)]
        points = [(x, math.sin(x) - 0.5 * math.sin(3 * x) + rng.gauss(0, 0.3)) for x in xs]
        loss, grads = gradients(weights, points)
        norm = math.sqrt(sum(g * g for g in grads))
        print(f"step {step}: loss={loss:.5g} grad_norm={norm:.5g}", flush=True)
        weights = [w - rate(step, config["warmup"]) * g for w, g in zip(weights, grads)]
    if loss > 1:
        raise SystemExit("the wave was not found")
    print("done")


if __name__ == "__main__":
    main()
