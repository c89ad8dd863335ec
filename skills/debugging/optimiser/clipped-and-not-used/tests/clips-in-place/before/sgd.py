def clip_grad_norm_(gradients, most):
    for at, one in enumerate(gradients):
        gradients[at] = max(-most, min(most, one))


def step(weights, gradients, rate):
    clip_grad_norm_(gradients, 1.0)
    return [w - rate * g for w, g in zip(weights, gradients)]
