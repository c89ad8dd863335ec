import sys

from counter.checkpoint import load, save

PATH = "checkpoint.json"


def main(steps):
    state = load(PATH)
    print(f"resuming from {PATH} at step {state['step']}" if state["step"] else "starting anew", flush=True)
    while state["step"] < steps:
        step = state["step"] + 1
        for word in range(40_000):
            state["counts"][f"word-{step}-{word}"] = word * step
        state["step"] = step
        print(f"step {step} | words: {len(state['counts'])}", flush=True)
        print(f"saving {PATH}", flush=True)
        save(state, PATH)
    print("done", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
