from functools import cache


@cache
def length(text):
    return len(str(text))
