import json
import math

from linear.data import points
from linear.model import gradients
from linear.optimiser import update


def train(config):
    weights = [0.0, 0.0]
    batch = points(64, seed=3)
    for step in range(config["steps"]):
        loss, grads = gradients(weights, batch)
        if step % config["log_every"] == 0:
            print(f"step {step} | loss: {loss:.6g}", flush=True)
        weights = update(weights, grads, config["learning_rate"])
    return weights


if __name__ == "__main__":
    with open("config.json", encoding="utf-8") as file:
        config = json.load(file)
    a, b = train(config)
    if not math.isfinite(a + b):
        raise SystemExit("training ended without a model")
    print(f"a = {a:.3f}, b = {b:.3f}")
