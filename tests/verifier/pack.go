// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"sort"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// The evidence pack (docs/formats/pack.md).

type packEntry struct {
	index     int64
	data      []byte
	inclusion []tlog.Hash
	batchPath []tlog.Hash
}

type packBatch struct {
	log    *packLog
	index  int64
	header *header
	events []*packEvent
	key    []byte
}

type packEvent struct {
	entry    *packEntry
	envelope *envelope
}

type packLog struct {
	checkpoint *checkpoint
	entries    []*packEntry
	batches    []*packBatch
}

func takeHash(path []tlog.Hash, data []byte) ([]tlog.Hash, error) {
	var hash tlog.Hash
	if len(data) != len(hash) {
		return nil, errors.New("not a hash")
	}
	copy(hash[:], data)
	return append(path, hash), nil
}

func parsePackEntry(data []byte) (*packEntry, error) {
	fields, err := readMessage(data, map[uint64]rule{
		1: {wire: varintWire}, 2: {wire: bytesWire},
		3: {wire: bytesWire, repeated: true},
		4: {wire: bytesWire, repeated: true},
		// 5, disclosures: nothing holds a commitment yet, so none is taken.
	}, 0)
	if err != nil {
		return nil, err
	}
	e := &packEntry{}
	for _, f := range fields {
		switch f.number {
		case 1:
			e.index = int64(f.value)
		case 2:
			e.data = f.bytes
		case 3:
			e.inclusion, err = takeHash(e.inclusion, f.bytes)
		case 4:
			e.batchPath, err = takeHash(e.batchPath, f.bytes)
		}
		if err != nil {
			return nil, err
		}
	}
	if len(e.data) == 0 || e.index < 0 {
		return nil, errors.New("an empty entry")
	}
	return e, nil
}

func parsePackLog(data []byte, t *trust) (*packLog, error) {
	fields, err := readMessage(data, map[uint64]rule{
		1: {wire: bytesWire}, 2: {wire: bytesWire, repeated: true},
	}, 0)
	if err != nil {
		return nil, err
	}
	if len(fields) < 2 || fields[0].number != 1 {
		return nil, errors.New("a log without checkpoint or entries")
	}
	log := &packLog{}
	if log.checkpoint, err = openCheckpoint(fields[0].bytes, t, true); err != nil {
		return nil, err
	}
	last := int64(-1)
	for _, f := range fields[1:] {
		e, err := parsePackEntry(f.bytes)
		if err != nil {
			return nil, err
		}
		if e.index <= last {
			return nil, fmt.Errorf("index %d does not ascend", e.index)
		}
		last = e.index
		log.entries = append(log.entries, e)
	}
	return log, log.readBatches()
}

// readBatches proves every entry and finds the header of every event.
func (l *packLog) readBatches() error {
	var pending []*packEvent
	next := int64(0) // no batch may begin before it
	for _, e := range l.entries {
		at := fmt.Sprintf("%s, index %d", l.checkpoint.origin.text, e.index)
		err := tlog.CheckRecord(e.inclusion, l.checkpoint.size, l.checkpoint.root,
			e.index, tlog.RecordHash(e.data))
		if err != nil {
			return fmt.Errorf("%s: inclusion: %v", at, err)
		}
		switch e.data[0] {
		case eventType:
			envelope, err := parseEvent(e.data[1:])
			if err != nil {
				return fmt.Errorf("%s: %v", at, err)
			}
			pending = append(pending, &packEvent{e, envelope})
		case headerType:
			h, err := parseHeader(e.data[1:])
			if err != nil {
				return fmt.Errorf("%s: %v", at, err)
			}
			first := e.index - h.count
			if first < next || len(pending) == 0 || len(e.batchPath) != 0 {
				return fmt.Errorf("%s: the header covers nothing, or too much", at)
			}
			batch := &packBatch{log: l, index: e.index, header: h, events: pending}
			if err := batch.check(first); err != nil {
				return err
			}
			l.batches = append(l.batches, batch)
			pending, next = nil, e.index+1
		default:
			return fmt.Errorf("%s: an entry of unknown type", at)
		}
	}
	if len(pending) != 0 {
		return fmt.Errorf("index %d: no header covers it", pending[0].entry.index)
	}
	return nil
}

func (b *packBatch) check(first int64) error {
	o := b.log.checkpoint.origin
	if b.header.stream != o.stream || b.header.site != o.site ||
		(o.stream == "registry") != (o.site == "central") {
		return fmt.Errorf("%s, index %d: a batch of another log", o.text, b.index)
	}
	for _, event := range b.events {
		position := event.entry.index - first
		if position < 0 {
			return fmt.Errorf("%s, index %d: no header covers it", o.text, event.entry.index)
		}
		err := b.header.covers(event.envelope, position)
		if err == nil {
			err = tlog.CheckRecord(event.entry.batchPath, b.header.count, b.header.root,
				position, tlog.RecordHash(event.entry.data))
		}
		if err != nil {
			return fmt.Errorf("%s, index %d: %v", o.text, event.entry.index, err)
		}
	}
	return nil
}

func parsePack(data []byte, t *trust) ([]*packLog, error) {
	fields, err := readMessage(data, map[uint64]rule{
		1: {wire: varintWire}, 2: {wire: bytesWire, repeated: true},
	}, 0)
	if err != nil {
		return nil, err
	}
	if len(fields) < 2 || fields[0].number != 1 || fields[0].value != 1 {
		return nil, errors.New("not a pack of format 1 that holds a log")
	}
	var logs []*packLog
	last := ""
	for _, f := range fields[1:] {
		log, err := parsePackLog(f.bytes, t)
		if err != nil {
			return nil, err
		}
		if log.checkpoint.origin.text <= last {
			return nil, fmt.Errorf("%s does not ascend", log.checkpoint.origin.text)
		}
		last = log.checkpoint.origin.text
		logs = append(logs, log)
	}
	return logs, nil
}

// readRegistry follows the keys through the registry's batches. The first one
// may be signed by the key that it enrols; that it stands in the trusted log
// vouches for it.
func readRegistry(logs []*packLog) (*keyHistory, error) {
	var batches []*packBatch
	for _, log := range logs {
		if log.checkpoint.origin.stream == "registry" {
			batches = append(batches, log.batches...)
		}
	}
	sort.SliceStable(batches, func(i, j int) bool {
		return batches[i].log.checkpoint.origin.generation <
			batches[j].log.checkpoint.origin.generation
	})
	history := &keyHistory{keys: map[string][]key{}}
	for _, batch := range batches {
		source := batch.header.source
		if source != "console@central" {
			return nil, fmt.Errorf("%s writes in the registry", source)
		}
		known := len(history.keys[source])
		for _, event := range batch.events {
			if err := history.apply(event.envelope); err != nil {
				return nil, fmt.Errorf("registry, index %d: %v", event.entry.index, err)
			}
		}
		for i, k := range history.keys[source] {
			if (known == 0 || i < known || k.rotatedIn) && batch.header.isSignedBy(k.public) {
				batch.key = k.public
			}
		}
		if batch.key == nil {
			return nil, fmt.Errorf("registry, index %d: signed by no key of the console", batch.index)
		}
	}
	return history, nil
}

// verifyPack verifies everything in a pack and says what it proves.
func verifyPack(data []byte, t *trust) (string, error) {
	logs, err := parsePack(data, t)
	if err != nil {
		return "", err
	}
	history, err := readRegistry(logs)
	if err != nil {
		return "", err
	}
	var said strings.Builder
	for _, log := range logs {
		origin := log.checkpoint.origin
		for _, batch := range log.batches {
			source := batch.header.source
			for _, k := range history.keys[source] {
				if batch.key == nil && batch.header.isSignedBy(k.public) {
					batch.key = k.public
				}
			}
			if batch.key == nil {
				return "", fmt.Errorf("%s, index %d: signed by no key that the registry gives %s",
					origin.text, batch.index, source)
			}
			if history.isRevoked(source, batch.key, origin, batch.index) {
				return "", fmt.Errorf("%s, index %d: signed with a revoked key", origin.text, batch.index)
			}
			for _, event := range batch.events {
				fmt.Fprintf(&said, "%s, index %d: event %d of %s, body %d, key %x\n",
					origin.text, event.entry.index, event.envelope.seq, source,
					event.envelope.body.number, batch.key)
			}
		}
	}
	return said.String(), nil
}
