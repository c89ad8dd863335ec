from functools import lru_cache


@lru_cache(maxsize=1024)
def length(text):
    return len(str(text))
