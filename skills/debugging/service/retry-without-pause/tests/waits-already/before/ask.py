import time


def ask(send, tries=5):
    for attempt in range(tries):
        try:
            return send()
        except OSError:
            time.sleep(2**attempt)


def once(send):
    for one in (1, 2):
        try:
            return send(one)
        except OSError:
            raise
