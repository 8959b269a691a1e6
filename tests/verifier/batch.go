// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"regexp"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	eventType  = 1
	headerType = 2
)

var streams = []string{"", "record", "telemetry", "registry"}
var sourceForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}@([a-z0-9][a-z0-9-]{0,31})$`)

// envelope is what an event says whatever its body (docs/formats/event.md).
type envelope struct {
	source, stream string
	epoch, seq     uint64
	prevHash       []byte
	body           field
}

func parseEvent(data []byte) (*envelope, error) {
	fields, err := readMessage(data, map[uint64]rule{
		1: {wire: bytesWire}, 2: {wire: varintWire}, 3: {wire: fixed64Wire},
		4: {wire: varintWire}, 5: {wire: bytesWire}, 6: {wire: bytesWire},
		7: {wire: varintWire}, 8: {wire: varintWire}, 9: {wire: varintWire},
		10: {wire: bytesWire, mayBeEmpty: true},
		11: {wire: bytesWire, mayBeEmpty: true},
		12: {wire: bytesWire, mayBeEmpty: true},
	}, 20)
	if err != nil {
		return nil, err
	}
	e := &envelope{}
	for _, f := range fields {
		switch f.number {
		case 1:
			e.source = string(f.bytes)
		case 2:
			if f.value >= uint64(len(streams)) {
				return nil, errors.New("not a stream")
			}
			e.stream = streams[f.value]
		case 3:
			e.epoch = f.value
		case 4:
			e.seq = f.value
		case 5:
			e.prevHash = f.bytes
		}
		if f.number >= 20 {
			if e.body.number != 0 || f.wire != bytesWire {
				return nil, errors.New("not one body")
			}
			e.body = f
		}
	}
	if !sourceForm.MatchString(e.source) || e.stream == "" || e.seq == 0 ||
		len(e.prevHash) != 32 || e.body.number == 0 {
		return nil, errors.New("not an event")
	}
	return e, nil
}

// header is what a source signs (docs/formats/batch.md).
type header struct {
	source, stream  string
	site            string
	epoch, firstSeq uint64
	count           int64
	firstPrevHash   []byte
	root            tlog.Hash
	signed          []byte
	signature       []byte
}

func parseHeader(body []byte) (*header, error) {
	if len(body) < ed25519.SignatureSize {
		return nil, errors.New("a header without signature")
	}
	h := &header{signature: body[:ed25519.SignatureSize]}
	encoded := body[ed25519.SignatureSize:]
	h.signed = append([]byte("strongroom/batch/v1\n"), encoded...)
	fields, err := readMessage(encoded, map[uint64]rule{
		1: {wire: varintWire}, 2: {wire: varintWire}, 3: {wire: bytesWire},
		4: {wire: varintWire}, 5: {wire: fixed64Wire}, 6: {wire: varintWire},
		7: {wire: varintWire}, 8: {wire: bytesWire}, 9: {wire: bytesWire},
	}, 0)
	if err != nil {
		return nil, err
	}
	at := map[uint64]field{}
	for _, f := range fields {
		at[f.number] = f
	}
	if at[1].value != 1 || at[2].value != 1 {
		return nil, errors.New("header: unknown format or algorithm")
	}
	h.source = string(at[3].bytes)
	site := sourceForm.FindStringSubmatch(h.source)
	if site == nil || at[4].value == 0 || at[4].value >= uint64(len(streams)) ||
		at[6].value == 0 || at[7].value == 0 || at[7].value > 512 ||
		len(at[8].bytes) != 32 || len(at[9].bytes) != 32 {
		return nil, errors.New("header: a field is not of its form")
	}
	h.site, h.stream = site[1], streams[at[4].value]
	h.epoch, h.firstSeq, h.count = at[5].value, at[6].value, int64(at[7].value)
	h.firstPrevHash = at[8].bytes
	copy(h.root[:], at[9].bytes)
	return h, nil
}

func (h *header) isSignedBy(key []byte) bool {
	return ed25519.Verify(key, h.signed, h.signature)
}

// covers says whether the event stands at position of the header's batch.
func (h *header) covers(e *envelope, position int64) error {
	if e.source != h.source || e.stream != h.stream || e.epoch != h.epoch ||
		e.seq != h.firstSeq+uint64(position) {
		return errors.New("the event is not the one that its header counts here")
	}
	if position == 0 && !bytes.Equal(e.prevHash, h.firstPrevHash) {
		return errors.New("the event does not follow what its header says")
	}
	return nil
}

// batchReader takes a log's entries in order: events, then the header that
// covers exactly them.
type batchReader struct {
	origin origin
	events []*envelope
	leaves []tlog.Hash
	count  int
}

func (b *batchReader) take(index int64, entry []byte, leaf tlog.Hash) error {
	if len(entry) == 0 {
		return errors.New("empty")
	}
	switch entry[0] {
	case eventType:
		e, err := parseEvent(entry[1:])
		if err != nil {
			return err
		}
		b.events = append(b.events, e)
		b.leaves = append(b.leaves, leaf)
		return nil
	case headerType:
		return b.close(entry[1:])
	}
	return fmt.Errorf("unknown type %d", entry[0])
}

func (b *batchReader) close(body []byte) error {
	h, err := parseHeader(body)
	if err != nil {
		return err
	}
	if h.stream != b.origin.stream || h.site != b.origin.site {
		return errors.New("a batch of another log")
	}
	if h.count != int64(len(b.events)) {
		return fmt.Errorf("%d events before a header of %d", len(b.events), h.count)
	}
	for i, e := range b.events {
		if err := h.covers(e, int64(i)); err != nil {
			return err
		}
	}
	if treeRoot(b.leaves) != h.root {
		return errors.New("the events do not hash to the header's root")
	}
	b.events, b.leaves = nil, nil
	b.count++
	return nil
}

func (b *batchReader) finish() error {
	if len(b.events) != 0 {
		return errors.New("the log ends within a batch")
	}
	return nil
}
