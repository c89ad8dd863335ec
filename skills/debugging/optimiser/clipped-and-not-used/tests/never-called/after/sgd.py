def clip_gradients(gradients, most):
    """By value."""
    return [max(-most, min(most, one)) for one in gradients]


class Sgd:
    def __init__(self, weights, learning_rate=0.1):
        self.weights = weights
        self.learning_rate = learning_rate

    def step(self, gradients):
        """One step down."""
        gradients = clip_gradients(gradients, 1)
        for at, gradient in enumerate(gradients):
            self.weights[at] -= self.learning_rate * gradient
