"""Two ranks, threads of one process here, and a barrier between them."""
from threading import BrokenBarrierError


class Comm:
    def __init__(self, rank, world, waiting, seconds=3.0):
        self.rank, self.world = rank, world
        self._waiting, self._seconds = waiting, seconds

    def barrier(self):
        try:
            self._waiting.wait(self._seconds)
        except BrokenBarrierError:
            others = [one for one in range(self.world) if one != self.rank]
            raise RuntimeError(f"barrier timed out after {self._seconds:g} s: ranks {others} did not arrive") from None
