from letters.table import Embedding
from letters.vocabulary import encode, size

TEXTS = ["the run begins", "it goes on", "and on and on", "then: a colon", "the end"]


def main():
    table = Embedding(size())
    for step, text in enumerate(TEXTS * 3, 1):
        vectors = [table.of(token) for token in encode(text)]
        mean = sum(sum(one) for one in vectors) / len(vectors)
        print(f"step {step} | tokens: {len(vectors)} | loss: {2 - mean:.4f}", flush=True)
    print("done")


if __name__ == "__main__":
    main()
