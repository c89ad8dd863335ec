import struct


def pack(ids):
    return struct.pack(f"<{len(ids)}H", *ids)


def unpack(data):
    return struct.unpack(f"<{len(data) // struct.calcsize('<H')}H", data)
