import sys
import threading
import time

from pair.comm import Comm
from pair.evaluation import evaluate


def work(rank, waiting, failed):
    comm = Comm(rank, 2, waiting)

    def say(text):
        print(f"[rank{rank}]: {text}\n", end="", flush=True)

    try:
        for step in range(1, 41):
            time.sleep(0.005)
            say(f"step {step} | loss: {2 / step:.4f}")
            evaluate(comm, step, 20, lambda at: say(f"evaluating at step {at}"))
        say("done")
    except RuntimeError as failure:
        say(f"RuntimeError: {failure}")
        failed.append(rank)


if __name__ == "__main__":
    waiting, failed = threading.Barrier(2), []
    ranks = [threading.Thread(target=work, args=(rank, waiting, failed)) for rank in range(2)]
    for one in ranks:
        one.start()
    for one in ranks:
        one.join()
    sys.exit(1 if failed else 0)
