// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Protobuf as far as our envelopes need it, and no further: fields ascend,
// varints are as short as they can be, a default is not written. Of a message
// that is read so there is no second spelling.

type field struct {
	number uint64
	wire   uint64
	value  uint64
	bytes  []byte
}

const (
	varintWire  = 0
	fixed64Wire = 1
	bytesWire   = 2
)

var errProto = errors.New("not canonical protobuf")

func takeVarint(data []byte) (uint64, []byte, error) {
	value, n := binary.Uvarint(data)
	if n <= 0 || n > 1 && data[n-1] == 0 {
		return 0, nil, errProto
	}
	return value, data[n:], nil
}

// rule is what a message may hold at a number.
type rule struct {
	wire     uint64
	repeated bool
	// A scalar that is present is not its default; a byte string of a fixed
	// length may be all zeros, a repeated one may be empty.
	mayBeEmpty bool
}

// readMessage returns the fields of a message in which nothing but what rules
// say may stand; open lets unknown numbers from that one on pass.
func readMessage(data []byte, rules map[uint64]rule, open uint64) ([]field, error) {
	var fields []field
	last := uint64(0)
	for len(data) > 0 {
		tag, rest, err := takeVarint(data)
		if err != nil {
			return nil, err
		}
		f := field{number: tag >> 3, wire: tag & 7}
		switch f.wire {
		case varintWire:
			f.value, rest, err = takeVarint(rest)
		case fixed64Wire:
			if len(rest) < 8 {
				return nil, errProto
			}
			f.value, rest = binary.LittleEndian.Uint64(rest), rest[8:]
		case bytesWire:
			var size uint64
			size, rest, err = takeVarint(rest)
			if err == nil && size > uint64(len(rest)) {
				err = errProto
			}
			if err == nil {
				f.bytes, rest = rest[:size], rest[size:]
			}
		default:
			err = errProto
		}
		if err != nil {
			return nil, err
		}
		r, known := rules[f.number]
		if !known && (open == 0 || f.number < open) {
			return nil, fmt.Errorf("unknown field %d", f.number)
		}
		if f.number < last || f.number == last && !r.repeated || f.number == 0 {
			return nil, fmt.Errorf("field %d twice or out of order", f.number)
		}
		if known && r.wire != f.wire {
			return nil, fmt.Errorf("field %d of another type", f.number)
		}
		if known && !r.repeated && !r.mayBeEmpty && f.value == 0 && len(f.bytes) == 0 {
			return nil, fmt.Errorf("field %d spells out its default", f.number)
		}
		last = f.number
		fields = append(fields, f)
		data = rest
	}
	return fields, nil
}
