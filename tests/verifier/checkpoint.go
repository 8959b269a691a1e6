// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// trust is whom we believe: a ledger's name and its log keys. Every log of the
// ledger signs with them, under its origin as key name.
type trust struct {
	ledger string
	keys   [][]byte
}

// readTrust takes a trust file (docs/formats/trust.md) or a verification key.
func readTrust(argument string) (*trust, error) {
	data, err := os.ReadFile(argument)
	if err != nil {
		if !strings.Contains(argument, "+") {
			return nil, err
		}
		data = []byte("strongroom-trust/v1\n" + argument + "\n")
	}
	lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	if lines[0] != "strongroom-trust/v1" {
		return nil, errors.New("trust: not a trust file")
	}
	t := &trust{}
	for _, line := range lines[1:] {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if _, err := note.NewVerifier(line); err != nil {
			return nil, fmt.Errorf("trust: %v", err)
		}
		parts := strings.SplitN(line, "+", 3)
		key, err := base64.StdEncoding.DecodeString(parts[2])
		if err != nil || len(key) != 33 || key[0] != 1 {
			return nil, errors.New("trust: not an Ed25519 key")
		}
		if t.ledger != "" && t.ledger != parts[0] {
			return nil, errors.New("trust: keys of two ledgers")
		}
		t.ledger = parts[0]
		t.keys = append(t.keys, key[1:])
	}
	if len(t.keys) == 0 {
		return nil, errors.New("trust: no key")
	}
	return t, nil
}

type checkpoint struct {
	origin origin
	size   int64
	root   tlog.Hash
}

// origin is `<ledger>/<site>/<stream>/<generation>`.
type origin struct {
	text, ledger, site, stream string
	generation                 uint64
}

var originForm = regexp.MustCompile(
	`^([a-z0-9][a-z0-9.-]{0,62})/([a-z0-9][a-z0-9-]{0,31})/(record|telemetry|registry)/([1-9][0-9]{0,9})$`)

func parseOrigin(text string) (origin, error) {
	m := originForm.FindStringSubmatch(text)
	if m == nil {
		return origin{}, fmt.Errorf("%q is not an origin", text)
	}
	generation, err := strconv.ParseUint(m[4], 10, 32)
	return origin{text, m[1], m[2], m[3], generation}, err
}

var strict = base64.StdEncoding.Strict()

// openCheckpoint verifies a checkpoint. With alone, the log's signature must
// be the only one: no byte of the note is then left to chance.
func openCheckpoint(msg []byte, t *trust, alone bool) (*checkpoint, error) {
	name := strings.SplitN(string(msg), "\n", 2)[0]
	var verifiers []note.Verifier
	for _, key := range t.keys {
		vkey, err := note.NewEd25519VerifierKey(name, key)
		if err != nil {
			return nil, err
		}
		verifier, err := note.NewVerifier(vkey)
		if err != nil {
			return nil, fmt.Errorf("checkpoint: %v", err)
		}
		verifiers = append(verifiers, verifier)
	}
	n, err := note.Open(msg, note.VerifierList(verifiers...))
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %v", err)
	}
	if alone && (len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 0) {
		return nil, errors.New("checkpoint: another signature beside the log's")
	}
	if err := checkSpelling(string(msg[len(n.Text):])); err != nil {
		return nil, err
	}
	return parseCheckpoint(n.Text, t)
}

// checkSpelling refuses base64 with unused bits set, which package note takes:
// the signatures must be spelled as their writer would.
func checkSpelling(signatures string) error {
	spelled := "\n"
	for _, line := range strings.Split(strings.Trim(signatures, "\n"), "\n") {
		parts := strings.Split(line, " ")
		raw, err := strict.DecodeString(parts[len(parts)-1])
		if len(parts) != 3 || err != nil {
			return errors.New("checkpoint: a signature is not spelled canonically")
		}
		spelled += fmt.Sprintf("— %s %s\n", parts[1], base64.StdEncoding.EncodeToString(raw))
	}
	if spelled != signatures {
		return errors.New("checkpoint: the signatures are not spelled canonically")
	}
	return nil
}

func parseCheckpoint(text string, t *trust) (*checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return nil, errors.New("checkpoint: not three lines")
	}
	o, err := parseOrigin(lines[0])
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %v", err)
	}
	if o.ledger != t.ledger {
		return nil, fmt.Errorf("checkpoint: of %s, not of %s", o.ledger, t.ledger)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return nil, errors.New("checkpoint: not a tree size")
	}
	root, err := strict.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return nil, errors.New("checkpoint: not a root")
	}
	c := &checkpoint{origin: o, size: size}
	copy(c.root[:], root)
	return c, nil
}
