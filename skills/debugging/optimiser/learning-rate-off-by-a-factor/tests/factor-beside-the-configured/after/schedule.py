def learning_rate(step, config):
    """The configured rate, decayed."""
    return config["learning_rate"] / (1 + step / 100)
