"""What is done when."""


def is_evaluated(step, every):
    """Whether the model is evaluated after a step: after each `every` steps."""
    return step >= every
