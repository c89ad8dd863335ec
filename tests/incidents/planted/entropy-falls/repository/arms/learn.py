"""One step of the policy."""
from arms.policy import entropy_slopes, probabilities


def learn(preferences, arms, rewards, rate=0.2, bonus=0.5):
    """The preferences after a group of tries."""
    chances = probabilities(preferences)
    mean = sum(rewards) / len(rewards)
    changes = [0.0] * len(preferences)
    for arm, reward in zip(arms, rewards):
        for at, chance in enumerate(chances):
            changes[at] += (reward - mean) * ((at == arm) - chance) / len(arms)
    spread = entropy_slopes(chances)
    return [one + rate * (change - bonus * slope) for one, change, slope in zip(preferences, changes, spread)]
