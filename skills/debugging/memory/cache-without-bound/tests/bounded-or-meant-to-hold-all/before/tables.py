CACHE = {}
RESULTS = {}


def cached(key):
    if len(CACHE) > 100:
        CACHE.clear()
    CACHE[key] = key
    return key


def record(key, value):
    RESULTS[key] = value
