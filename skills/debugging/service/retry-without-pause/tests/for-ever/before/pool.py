def until_taken(send, record):
    while True:
        try:
            return send(record)
        except OSError:
            pass
