import random

from grams.features import features


def main(steps=60):
    rng = random.Random(2)
    for step in range(steps):
        total = 0
        for _ in range(600):
            text = "".join(rng.choice("etaoinshrdlu") for _ in range(24))
            total += sum(features(text))
        print(f"step {step} | pairs: {total} | loss: {100 / (step + 1):.3f}", flush=True)
    print("done")


if __name__ == "__main__":
    main()
