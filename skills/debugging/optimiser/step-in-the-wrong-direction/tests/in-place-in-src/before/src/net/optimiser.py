class Momentum:
    def __init__(self, weights, rate=0.1, keep=0.9):
        self.weights = weights
        self.rate = rate
        self.keep = keep
        self.speed = [0.0] * len(weights)

    def step(self, grads):
        for at, grad in enumerate(grads):
            self.speed[at] = self.keep * self.speed[at] + grad
            self.weights[at] += self.rate * grad
        return self.weights
