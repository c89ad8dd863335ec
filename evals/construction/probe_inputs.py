"""Generated arguments, by kind. Everything is drawn from the generator that is passed in."""
from probe_values import Unusable

WORDS = "apple river stone Cloud GREEN seven north paper Tiger lemon WINTER round echo maple Sugar quiet".split()
ODD = ["", " ", "\t", " \n ", "42", "007", "3.14", "x1", "snake_case", "Title Case", "MIXED case Words", "tab\there",
       "line one\nline two", "naïve café", "hello!", "a-b-c", "UPPER", "lower", "-17", "1,2,3", "one two  three", "  padded  ",
       "  left", "right  ", "Ünïcode", "½", "²", "_private", "A", "z", "Hello World", "a\tb\tc", "end\n"]


def text(rng):
    choice = rng.random()
    if choice < 0.35:
        return rng.choice(ODD)
    if choice < 0.6:
        return " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 3)))
    if choice < 0.75:
        return rng.choice([str.upper, str.lower, str.title, str.capitalize])(rng.choice(WORDS))
    if choice < 0.9:
        return rng.choice(["", " ", "  ", "\t"]) + rng.choice(WORDS) + rng.choice(["", " ", "   ", "\n"])
    return str(rng.randint(0, 99999))


def number_list(rng, draw):
    pool = [draw(rng) for _ in range(rng.randint(3, 6))]
    return [rng.choice(pool) for _ in range(rng.randint(3, 7))]


def quarter(rng, low, high):
    """Multiples of 1/4: sums of them are exact in every order."""
    return rng.randint(low * 4, high * 4) / 4


def whole(rng):
    return rng.choice([0, 1, -1, 2, 10]) if rng.random() < 0.15 else rng.randint(-50, 50)


def part(rng, earlier):
    """Something that may occur in the first argument."""
    first = earlier[0] if earlier else None
    if isinstance(first, str) and first and rng.random() < 0.85:
        start = rng.choice([0, 0, rng.randrange(len(first))])
        end = rng.choice([start + 1, start + 2, len(first)])
        piece = first[start:end]
        return piece if rng.random() < 0.7 else first[-rng.randint(1, min(3, len(first))) :]
    if isinstance(first, str):
        return rng.choice(["a", "e", "on", " ", "x"])
    if isinstance(first, list):
        if first and rng.random() < 0.75:
            return rng.choice(first)
        return like(rng, [first])[0]
    if isinstance(first, (int, float)):
        return first if rng.random() < 0.5 else first + rng.choice([1, -1, 2])
    raise Unusable("no first argument")


def like(rng, earlier):
    """Another value of the first argument's type; a list of the same length."""
    first = earlier[0] if earlier else None
    if isinstance(first, list) and first:
        sample = first[0]
        make = {bool: lambda: rng.random() < 0.5, int: lambda: whole(rng), float: lambda: quarter(rng, -10, 10)}.get(
            type(sample), lambda: rng.choice(WORDS)
        )
        return [make() for _ in first]
    raise Unusable("no list to be like")


def position(rng, earlier):
    first = earlier[0] if earlier else None
    if isinstance(first, (list, str)) and first:
        return rng.randrange(-1, len(first))
    raise Unusable("no sequence to index")


# In the order of preference where several fit equally well.
KINDS = {
    "int": lambda rng, _: whole(rng),
    "float": lambda rng, _: quarter(rng, -20, 20),
    "ints": lambda rng, _: number_list(rng, lambda r: r.randint(-9, 30)),
    "floats": lambda rng, _: number_list(rng, lambda r: quarter(r, -10, 30)),
    "part": part,
    "strs": lambda rng, _: [rng.choice(WORDS) for _ in range(rng.randint(2, 5))],
    "str": lambda rng, _: text(rng),
    "char": lambda rng, _: rng.choice("abcxyzABCXYZ0189 !,-+é"),
    "like": like,
    "small": lambda rng, _: rng.randint(1, 3),
    "natural": lambda rng, _: rng.randint(0, 12),
    "positive": lambda rng, _: rng.randint(1, 60),
    "position": position,
    "ufloat": lambda rng, _: quarter(rng, 0, 25) + 0.25,
    "unit": lambda rng, _: rng.randint(-15, 15) / 16,
    "bools": lambda rng, _: [rng.random() < rng.choice([0.2, 0.5, 0.9]) for _ in range(rng.randint(1, 5))],
    "ufloats": lambda rng, _: number_list(rng, lambda r: quarter(r, 0, 30) + 0.25),
    "numeral": lambda rng, _: rng.choice(["", "-", "+", " "]) + str(rng.randint(0, 999)),
    "decimal": lambda rng, _: str(quarter(rng, -50, 50)),
    "code": lambda rng, _: rng.randint(33, 126),
    "special": lambda rng, _: rng.choice([float("nan"), float("inf"), float("-inf"), quarter(rng, -5, 5), 0.0]),
}

ORDER = {kind: rank for rank, kind in enumerate(KINDS)}


def inputs(kinds, rng):
    arguments = []
    for kind in kinds:
        arguments.append(KINDS[kind](rng, arguments))
    return arguments
