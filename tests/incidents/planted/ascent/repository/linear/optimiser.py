"""Plain gradient descent."""


def update(weights, grads, learning_rate):
    return [weight + learning_rate * grad for weight, grad in zip(weights, grads)]
