import sys
import time

from moving.model import work
from moving.schedule import is_evaluated


def main(steps=120, every=50):
    times = []
    for step in range(1, steps + 1):
        began = time.process_time()
        work(150_000)
        if is_evaluated(step, every):
            work(1_500_000)
        took = 1000 * (time.process_time() - began)
        times.append(took)
        print(f"step {step} | loss: {3 / step:.4f} | step time: {took:.1f}ms", flush=True)
    usual = sorted(times[:20])[10]
    return 1 if sum(one > 4 * usual for one in times) > steps / 10 else 0


if __name__ == "__main__":
    sys.exit(main())
