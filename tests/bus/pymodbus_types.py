# SPDX-License-Identifier: Apache-2.0
"""A value of every type in every order, packed by pymodbus.

A line for each, as the test reads it:
  point NAME FUNCTION ADDRESS TYPE ORDER EXPONENT LOW HIGH SCALE EXPECT
  text NAME FUNCTION ADDRESS REGISTERS SWAPPED EXPECT
  block FUNCTION VALUE...
ORDER, LOW, HIGH, SCALE may be `-`. EXPECT of a point is a mantissa, `bad` or
`range`; of a text it is the rest of the line. A block is all that stands at a
function's addresses, from 0.
"""

import math
import struct
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from pymodbus.constants import Endian
from pymodbus.payload import BinaryPayloadBuilder

LIMIT = 2 ** 53  # of a mantissa

# What the letters of a profile's order mean is its own page's matter
# (docs/formats/device-profile.md): A is the most significant byte.
ORDERS = {
    2: {(Endian.Big, Endian.Big): "AB", (Endian.Little, Endian.Big): "BA"},
    4: {(Endian.Big, Endian.Big): "ABCD", (Endian.Big, Endian.Little): "CDAB",
        (Endian.Little, Endian.Big): "BADC",
        (Endian.Little, Endian.Little): "DCBA"},
    8: {(Endian.Big, Endian.Big): "ABCDEFGH",
        (Endian.Big, Endian.Little): "GHEFCDAB",
        (Endian.Little, Endian.Big): "BADCFEHG",
        (Endian.Little, Endian.Little): "HGFEDCBA"},
}
FLOATS = [0.0, 1.5, -2.25, 0.1, 3.14159274, 0.0625, 0.1875, -0.0625, 1e-10,
          123456.789, math.nan]
INTEGERS = {  # bytes: values, signed ones are made of them
    2: [0, 1, 0x1234, 0x7FFF, 0x8000, 0xFFFF],
    4: [0, 1, 0x12345678, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF],
    8: [0, 1, 0x0001020304050607, LIMIT - 1, LIMIT, 2 ** 63 - 1, 2 ** 63,
        2 ** 64 - 1, 2 ** 64 - LIMIT + 1],
}


class Map:
    """Values side by side, in holding and input registers by turns."""

    def __init__(self):
        self.blocks = {"hr": [], "ir": []}
        self.lines = []

    def put(self, registers):
        area, function = (("hr", 3), ("ir", 4))[len(self.lines) % 2]
        address = len(self.blocks[area])
        self.blocks[area] += registers
        return function, address

    def point(self, registers, type_name, order, expect, exponent=0,
              bits=("-", "-"), scale="-"):
        function, address = self.put(registers)
        self.lines.append("point p%d %d %d %s %s %d %s %s %s %s" % (
            len(self.lines), function, address, type_name, order, exponent,
            *bits, scale, expect))

    def text(self, registers, swapped, expect):
        function, address = self.put(registers)
        self.lines.append("text t%d %d %d %d %d %s" % (
            len(self.lines), function, address, len(registers), swapped,
            expect))


def packed(method, value, orders=(Endian.Big, Endian.Big)):
    builder = BinaryPayloadBuilder(byteorder=orders[0], wordorder=orders[1])
    getattr(builder, method)(value)
    return builder.to_registers()


def mantissa(value, exponent):
    """Of an exact number; rounded half to even."""
    scaled = Decimal(value.numerator) / Decimal(value.denominator) \
        if isinstance(value, Fraction) else Decimal(value)
    rounded = int(scaled.scaleb(-exponent).quantize(
        Decimal(1), rounding=ROUND_HALF_EVEN))
    return rounded if abs(rounded) < LIMIT else "range"


def add_integers(result):
    for size, values in INTEGERS.items():
        bits = 8 * size
        for orders, order in ORDERS[size].items():
            for raw in values:
                result.point(packed("add_%dbit_uint" % bits, raw, orders),
                             "u%d" % bits, order, mantissa(raw, 0))
                signed = raw - 2 ** bits if raw >= 2 ** (bits - 1) else raw
                result.point(packed("add_%dbit_int" % bits, signed, orders),
                             "i%d" % bits, order, mantissa(signed, 0))


def add_floats(result):
    for size, code in ((4, "f"), (8, "d")):
        for orders, order in ORDERS[size].items():
            for value in FLOATS:
                exact = struct.unpack("!" + code,
                                      struct.pack("!" + code, value))[0]
                result.point(
                    packed("add_%dbit_float" % (8 * size), value, orders),
                    "f%d" % (8 * size), order,
                    "bad" if math.isnan(value) else mantissa(exact, -3),
                    exponent=-3)


def add_fields_and_scales(result):
    flags = [index % 3 == 0 for index in range(16)]
    register = packed("add_bits", flags)
    for index, flag in enumerate(flags):
        # pymodbus puts the first eight into the high byte.
        bit = (index + 8) % 16
        result.point(register, "u16", "-", int(flag), bits=(bit, bit))
    for orders, order in ORDERS[4].items():
        word = packed("add_32bit_uint", 0xA5C3_1E78, orders)
        result.point(word, "u32", order, 0xC31, bits=(12, 23))
        result.point(word, "i32", order, 0xC - 0x10, bits=(20, 23))
    for raw in (0, 1, 64, 3000, 65535):
        result.point(packed("add_16bit_uint", raw), "u16", "-",
                     mantissa(Fraction(raw, 128), -2), exponent=-2,
                     scale="1/128")
        result.point(packed("add_16bit_uint", raw), "u16", "-", raw,
                     exponent=-1)


def add_texts(result):
    for words in ("Smart-UPS 1500", "SN 0042", "v1.02"):
        registers = packed("add_string", words)
        result.text(registers, 0, words)
        result.text([(r << 8 | r >> 8) & 0xFFFF for r in registers], 1, words)
        result.text(packed("add_string", words + "    "), 0, words)


def make():
    """(blocks by pymodbus' names, lines)"""
    result = Map()
    add_integers(result)
    add_floats(result)
    add_fields_and_scales(result)
    add_texts(result)
    pattern = [index % 3 == 0 or index % 7 == 1 for index in range(40)]
    for name, function in (("co", 1), ("di", 2)):
        values = [not bit if function == 2 else bit for bit in pattern]
        result.blocks[name] = values
        for address, bit in enumerate(values):
            result.lines.append("point b%d_%d %d %d bit - 0 - - - %d" % (
                function, address, function, address, bit))
    for name, function in (("co", 1), ("di", 2), ("hr", 3), ("ir", 4)):
        values = " ".join("%d" % value for value in result.blocks[name])
        result.lines.append("block %d %s" % (function, values))
    return result.blocks, result.lines
