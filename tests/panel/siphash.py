# SPDX-License-Identifier: Apache-2.0
"""SipHash-2-4 and ChaCha20, written from the paper and RFC 8439: the panel's
ciphers as somebody else would write them."""

import struct

MASK = (1 << 64) - 1


def _rotate(value, by):
    return (value << by | value >> (64 - by)) & MASK


def _round(v):
    v[0] = (v[0] + v[1]) & MASK
    v[2] = (v[2] + v[3]) & MASK
    v[1] = _rotate(v[1], 13) ^ v[0]
    v[3] = _rotate(v[3], 16) ^ v[2]
    v[0] = _rotate(v[0], 32)
    v[2] = (v[2] + v[1]) & MASK
    v[0] = (v[0] + v[3]) & MASK
    v[1] = _rotate(v[1], 17) ^ v[2]
    v[3] = _rotate(v[3], 21) ^ v[0]
    v[2] = _rotate(v[2], 32)


def siphash(key, data):
    """Eight bytes, little-endian as the paper writes the result."""
    k0, k1 = struct.unpack("<QQ", key)
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D,
         k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]
    last = len(data) % 256 << 56
    whole = len(data) // 8 * 8
    words = list(struct.unpack(f"<{whole // 8}Q", data[:whole]))
    words.append(last | int.from_bytes(data[whole:], "little"))
    for word in words:
        v[3] ^= word
        _round(v)
        _round(v)
        v[0] ^= word
    v[2] ^= 0xFF
    for _ in range(4):
        _round(v)
    return struct.pack("<Q", v[0] ^ v[1] ^ v[2] ^ v[3])


def _quarter(s, a, b, c, d):
    for x, y, z, by in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8),
                        (c, d, b, 7)):
        s[x] = (s[x] + s[y]) & 0xFFFFFFFF
        s[z] ^= s[x]
        s[z] = (s[z] << by | s[z] >> (32 - by)) & 0xFFFFFFFF


def chacha20(key, nonce, counter, data):
    state = list(struct.unpack("<4I", b"expand 32-byte k"))
    state += struct.unpack("<8I", key) + (counter,) + \
        struct.unpack("<3I", nonce)
    s = list(state)
    for _ in range(10):
        for a in range(4):
            _quarter(s, a, a + 4, a + 8, a + 12)
        for a in range(4):
            _quarter(s, a, 4 + (a + 1) % 4, 8 + (a + 2) % 4, 12 + (a + 3) % 4)
    stream = struct.pack("<16I", *((x + y) & 0xFFFFFFFF
                                   for x, y in zip(s, state)))
    return bytes(x ^ y for x, y in zip(data, stream))
