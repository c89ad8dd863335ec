import random
import sys

from arms.learn import learn
from arms.policy import entropy, probabilities

PAYS = [0.2, 0.3, 0.25, 0.35, 0.3, 0.2, 0.25, 0.3]


def main(steps=400):
    rng = random.Random(4)
    preferences = [rng.gauss(0, 0.05) for _ in PAYS]
    for step in range(steps):
        chances = probabilities(preferences)
        arms = rng.choices(range(len(PAYS)), chances, k=32)
        rewards = [float(rng.random() < PAYS[arm]) for arm in arms]
        print(f"step:{step} - reward:{sum(rewards) / 32:.3f} - entropy:{entropy(chances):.4f}", flush=True)
        preferences = learn(preferences, arms, rewards)
    return 0 if entropy(probabilities(preferences)) > 1 else 1


if __name__ == "__main__":
    sys.exit(main())
