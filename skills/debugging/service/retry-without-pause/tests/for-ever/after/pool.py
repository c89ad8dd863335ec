import time


def until_taken(send, record):
    attempt = 0
    while True:
        try:
            return send(record)
        except OSError:
            time.sleep(min(30.0, 0.5 * 2**attempt))
            attempt = min(attempt + 1, 10)
