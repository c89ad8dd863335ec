import struct


def pack(one):
    return struct.pack("<i", one)
