from feed.loader import Loader


def main():
    total = 0
    with open("records.txt", encoding="utf-8") as file:
        for step, (left, right) in enumerate(Loader(file.readlines()), 1):
            total += left * right
            print(f"step {step} | loss: {1000 / (step + total):.5f}", flush=True)
    print("done")


if __name__ == "__main__":
    main()
