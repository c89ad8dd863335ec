import random

from bandit.advantage import advantages
from bandit.policy import probabilities

PAYS = [0.0, 0.0, 1.0, 0.0]


def train(steps, rng, rate=0.5, group=8):
    preferences = [0.0] * len(PAYS)
    for step in range(steps):
        chances = probabilities(preferences)
        arms = rng.choices(range(len(PAYS)), chances, k=group)
        rewards = [PAYS[arm] for arm in arms]
        for arm, advantage in zip(arms, advantages(rewards)):
            for at, chance in enumerate(chances):
                preferences[at] += rate * advantage * ((at == arm) - chance) / group
        print(f"step {step} | reward: {sum(rewards) / group:.3f}", flush=True)
    return preferences


if __name__ == "__main__":
    train(200, random.Random(1))
