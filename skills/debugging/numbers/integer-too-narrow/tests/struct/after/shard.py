import struct


def pack(ids):
    return struct.pack(f"<{len(ids)}I", *ids)


def unpack(data):
    return struct.unpack(f"<{len(data) // struct.calcsize('<I')}I", data)
