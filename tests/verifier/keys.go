// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
)

// The registry's events on keys (docs/formats/registry.md).

type key struct {
	public    []byte
	rotatedIn bool
}

type revocation struct {
	source string
	public []byte
	from   map[string]int64
}

type keyHistory struct {
	keys        map[string][]key
	revocations []revocation
}

// bodyFields reads a body leniently: the event's hash vouches for its bytes.
func bodyFields(body []byte) (map[uint64]field, error) {

	fields, err := readMessage(body, nil, 1)
	if err != nil {
		return nil, err
	}
	at := map[uint64]field{}
	for _, f := range fields {
		at[f.number] = f
	}
	return at, nil
}

func (k *keyHistory) has(source string, public []byte) bool {
	for _, known := range k.keys[source] {
		if bytes.Equal(known.public, public) {
			return true
		}
	}
	return false
}

func (k *keyHistory) add(source string, public []byte, rotatedIn bool) {
	if !k.has(source, public) {
		k.keys[source] = append(k.keys[source], key{public, rotatedIn})
	}
}

func (k *keyHistory) apply(e *envelope) error {
	switch e.body.number {
	case 60:
		return k.enrol(e.body.bytes)
	case 61:
		return k.rotate(e.body.bytes)
	case 62:
		return k.revoke(e.body.bytes)
	}
	return nil
}

func isSigned(public, message, signature []byte) bool {
	return len(public) == ed25519.PublicKeySize && ed25519.Verify(public, message, signature)
}

func (k *keyHistory) enrol(body []byte) error {
	at, err := bodyFields(body)
	if err != nil {
		return err
	}
	source, public := string(at[1].bytes), at[3].bytes
	message := fmt.Sprintf("strongroom/enrol/v1\n%s\n%s%s", source, public, at[4].bytes)
	if !sourceForm.MatchString(source) || !isSigned(public, []byte(message), at[5].bytes) {
		return errors.New("enrolment without proof of possession")
	}
	k.add(source, public, false)
	return nil
}

func (k *keyHistory) rotate(body []byte) error {
	at, err := bodyFields(body)
	if err != nil {
		return err
	}
	source, old, public := string(at[1].bytes), at[2].bytes, at[3].bytes
	message := []byte(fmt.Sprintf("strongroom/rotate/v1\n%s\n%s%s%s", source, old, public, at[4].bytes))
	if !isSigned(old, message, at[5].bytes) || !isSigned(public, message, at[6].bytes) {
		return errors.New("rotation that old and new key have not both signed")
	}
	if k.has(source, old) {
		k.add(source, public, true)
	}
	return nil
}

func (k *keyHistory) revoke(body []byte) error {
	fields, err := readMessage(body, map[uint64]rule{
		4: {wire: bytesWire, repeated: true},
	}, 1)
	if err != nil {
		return err
	}
	r := revocation{from: map[string]int64{}}
	for _, f := range fields {
		switch f.number {
		case 1:
			r.source = string(f.bytes)
		case 2:
			r.public = f.bytes
		case 4:
			position, err := bodyFields(f.bytes)
			if err != nil {
				return err
			}
			r.from[string(position[1].bytes)] = int64(position[2].value)
		}
	}
	k.revocations = append(k.revocations, r)
	return nil
}

// A log that is not named is not meant, unless it succeeds one that is: there
// the key is void from index 0.
func (r *revocation) voids(log origin, index int64) bool {
	for text, from := range r.from {
		named, err := parseOrigin(text)
		if err != nil || named.ledger != log.ledger || named.site != log.site ||
			named.stream != log.stream {
			continue
		}
		if named.generation < log.generation ||
			named.generation == log.generation && index >= from {
			return true
		}
	}
	return false
}

func (k *keyHistory) isRevoked(source string, public []byte, log origin, index int64) bool {
	for _, r := range k.revocations {
		if r.source == source && bytes.Equal(r.public, public) && r.voids(log, index) {
			return true
		}
	}
	return false
}
