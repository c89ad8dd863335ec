import os


def read_shard(path, most=1 << 20):
    fd = os.open(path, os.O_RDONLY)
    data = b""
    while len(data) < most:
        piece = os.read(fd, 65536)
        if not piece:
            break
        data += piece

    return data
