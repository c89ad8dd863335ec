"""Running one real function on generated arguments, and choosing the cases that tell most about it."""
import itertools
import random

from probe_inputs import KINDS, ORDER, inputs
from probe_limits import TooLarge, refuse_large
from probe_values import MAX_ITEMS, Unusable, encode, key, loose

TRIALS = 16
POOL = 90
MAX_JSON = 900


def call(function, arguments, form):
    """`form`: plain, list (the result is an iterator and is listed) or copy (the first argument is changed and is the result)."""
    refuse_large(function, arguments)
    arguments = [list(a) if isinstance(a, list) else a for a in arguments]
    result = function(*arguments)
    if form == "copy":
        return arguments[0]
    if form == "list":
        return list(itertools.islice(result, MAX_ITEMS + 1))
    return result


def form_of(function, arguments):
    refuse_large(function, arguments)
    arguments = [list(a) if isinstance(a, list) else a for a in arguments]
    before = [list(a) if isinstance(a, list) else a for a in arguments]
    result = function(*arguments)
    if result is None and arguments != before:
        return "copy"
    if hasattr(result, "__next__") or type(result) is range:
        return "list"
    return "plain"


def sample(function, form, kinds, rng):
    """One input with its result, or None."""
    try:
        arguments = inputs(kinds, rng)
        given = [encode(a) for a in arguments]
        expected = encode(call(function, arguments, form))
    except (RecursionError, MemoryError):
        raise
    except Exception as error:
        return None, error
    if len(key(given)) + len(key(expected)) > MAX_JSON:
        return None, Unusable("a case is huge")
    return {"args": given, "expected": expected}, None


def spread(cases):
    """How much the results tell: their variety, and for truth values their balance."""
    outputs = [key(c["expected"]) for c in cases]
    if all(c["expected"]["t"] == "bool" for c in cases):
        share = sum(c["expected"]["v"] for c in cases) / len(cases)
        return 4 * share * (1 - share)
    return len(set(outputs)) / len(outputs)


def is_identity(case):
    return bool(case["args"]) and loose(case["expected"]) == loose(case["args"][0])


def unprintable(case):
    value = case["expected"]
    return value["t"] == "str" and not value["v"].isprintable()


def choose_kinds(family, function, arity, seed):
    """The kinds of arguments that the real function accepts and that tell most about it."""
    best, reason = None, "no kind of argument is accepted"
    for kinds in itertools.product(KINDS, repeat=arity):
        rng = random.Random(f"{seed}/{family}/kinds/{'/'.join(kinds)}")
        found, form = [], None
        for trial in range(TRIALS):
            try:
                form = form or form_of(function, inputs(kinds, rng))
            except Exception as error:
                # Four refusals in a row say that the kind does not fit.
                if trial >= 3 and not found:
                    break
                continue
            case, error = sample(function, form, kinds, rng)
            if case:
                found.append(case)
            elif isinstance(error, Unusable):
                reason = str(error)
        if len(found) < 0.75 * TRIALS:
            continue
        types = {c["expected"]["t"] for c in found}
        # Shares saturate: above them more variety tells nothing, and the simpler kind is the better one.
        score = (
            2 * min(1, 3 * spread(found))
            + min(1, 2 * sum(not is_identity(c) for c in found) / len(found))
            - 1.5 * (types >= {"int", "float"})
            - max(0, sum(unprintable(c) for c in found) / len(found) - 0.3)
            - 0.03 * sum(ORDER[k] for k in kinds)
        )
        if best is None or score > best[0] + 1e-9:
            best = (score, kinds, form)
    return (best[1], best[2]) if best else (None, reason)


def pool(function, form, kinds, seed, family):
    """Different cases, and how many inputs were refused for their size."""
    rng = random.Random(f"{seed}/{family}/pool")
    found, too_large = {}, 0
    for _ in range(POOL):
        case, error = sample(function, form, kinds, rng)
        too_large += isinstance(error, TooLarge)
        # Zero from many floats is where two correct ways of computing may differ by rounding.
        if case and not (family.startswith("statistics.") and case["expected"] == {"t": "float", "v": "0.0"}):
            found.setdefault(key(case["args"]), case)
    return list(found.values()), too_large


def odd(value):
    """Correct, but a poor first example."""
    return value["t"] in ("str", "list") and not value["v"] or value["t"] == "str" and not value["v"].strip().isprintable()


def choose_cases(cases, too_large, count, rng):
    """Hidden cases and two visible examples with results as different as possible; or a reason why there are none."""
    chosen, reason = choose(cases, count, rng)
    if reason and too_large:
        reason += f"; {too_large} of {POOL} inputs are too large for the call"
    return chosen, reason


def choose(cases, count, rng):
    cases = list(cases)
    rng.shuffle(cases)
    cases.sort(key=is_identity)
    buckets = {}
    for case in cases:
        buckets.setdefault(key(case["expected"]), []).append(case)
    ordered = []
    while any(buckets.values()):
        ordered += [bucket.pop(0) for bucket in buckets.values() if bucket]
    if len(ordered) < count + 2:
        return None, "too few inputs that give a plain result"
    # Examples come from the later ones, so that the most telling cases stay hidden; neither the shortest nor the longest.
    rest = sorted(ordered[count:], key=lambda c: len(key(c)))
    good = [c for c in rest if not is_identity(c) and not any(map(odd, c["args"]))]
    good = good[len(good) // 3 :] if len(good) > 3 else rest
    second = next((c for c in good[1:] if c["expected"] != good[0]["expected"]), good[1])
    hidden = ordered[:count]
    outputs = [key(c["expected"]) for c in hidden]
    most = max(outputs.count(o) for o in outputs)
    if all(c["expected"]["t"] == "bool" for c in hidden):
        if len(set(outputs)) < 2 or most > count - 1:
            return None, "the result hardly ever changes"
    elif len(set(outputs)) < 3:
        return None, "fewer than 3 different results"
    if sum(map(is_identity, hidden)) > count // 2:
        return None, "the result is mostly the first argument"
    return {"cases": hidden, "examples": [good[0], second]}, None
