// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// C2SP tlog-tiles: 256 hashes a tile; tlog's own paths are another layout.
const tileWidth = 256

var errNotFound = errors.New("404")

// remote is a log that is served over HTTP.
type remote struct {
	base   string
	client http.Client
}

func newRemote(base string) *remote {
	return &remote{strings.TrimSuffix(base, "/"),
		http.Client{Timeout: 30 * time.Second}}
}

func (r *remote) get(path string) ([]byte, error) {
	response, err := r.client.Get(r.base + "/" + path)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusNotFound {
		return nil, fmt.Errorf("%s: %w", path, errNotFound)
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", path, response.Status)
	}
	return io.ReadAll(io.LimitReader(response.Body, 64<<20))
}

func tilePath(kind string, number int64) string {
	path := fmt.Sprintf("%03d", number%1000)
	for number /= 1000; number > 0; number /= 1000 {
		path = fmt.Sprintf("x%03d/%s", number%1000, path)
	}
	return "tile/" + kind + "/" + path
}

// getTile fetches a tile as it was at a width. A log may drop a partial tile
// once the full one is there, which begins with the same.
func (r *remote) getTile(kind string, number, width int64) ([]byte, error) {
	path := tilePath(kind, number)
	if width == tileWidth {
		return r.get(path)
	}
	data, err := r.get(fmt.Sprintf("%s.p/%d", path, width))
	if errors.Is(err, errNotFound) {
		return r.get(path)
	}
	return data, err
}

// tileHashes fetches a hash tile and returns its first width hashes.
func (r *remote) tileHashes(level int, number, width int64) ([]tlog.Hash, error) {
	data, err := r.getTile(fmt.Sprint(level), number, width)
	if err != nil {
		return nil, err
	}
	have := int64(len(data) / tlog.HashSize)
	if len(data)%tlog.HashSize != 0 || have != width && have != tileWidth {
		return nil, fmt.Errorf("%s: %d bytes, not %d hashes",
			tilePath(fmt.Sprint(level), number), len(data), width)
	}
	hashes := make([]tlog.Hash, width)
	for i := range hashes {
		copy(hashes[i][:], data[i*tlog.HashSize:])
	}
	return hashes, nil
}

// bundle fetches an entry bundle and returns its first width entries.
func (r *remote) bundle(number, width int64) ([][]byte, error) {
	path := tilePath("entries", number)
	data, err := r.getTile("entries", number, width)
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	for len(data) > 0 {
		if len(data) < 2 {
			return nil, fmt.Errorf("%s: cut short", path)
		}
		size := int(binary.BigEndian.Uint16(data))
		if len(data) < 2+size {
			return nil, fmt.Errorf("%s: cut short", path)
		}
		entries = append(entries, data[2:2+size])
		data = data[2+size:]
	}
	if have := int64(len(entries)); have != width && have != tileWidth {
		return nil, fmt.Errorf("%s: %d entries, not %d", path, have, width)
	}
	return entries[:width], nil
}

// perfectRoot is the root of a power of two of hashes.
func perfectRoot(hashes []tlog.Hash) tlog.Hash {
	if len(hashes) == 1 {
		return hashes[0]
	}
	half := len(hashes) / 2
	return tlog.NodeHash(perfectRoot(hashes[:half]), perfectRoot(hashes[half:]))
}

func treeRoot(hashes []tlog.Hash) tlog.Hash {
	if len(hashes) == 0 {
		return sha256.Sum256(nil)
	}
	k := 1
	for k < len(hashes) {
		k *= 2
	}
	if k == len(hashes) {
		return perfectRoot(hashes)
	}
	return tlog.NodeHash(perfectRoot(hashes[:k/2]), treeRoot(hashes[k/2:]))
}

// verifyLog recomputes everything that a log publishes from its entries.
func verifyLog(r *remote, t *trust) error {
	note, err := r.get("checkpoint")
	if err != nil {
		return err
	}
	c, err := openCheckpoint(note, t, false)
	if err != nil {
		return err
	}
	var stored, leaves []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			hashes[i] = stored[index]
		}
		return hashes, nil
	})
	batches := batchReader{origin: c.origin}
	for first := int64(0); first < c.size; first += tileWidth {
		entries, err := r.bundle(first/tileWidth, min(c.size-first, tileWidth))
		if err != nil {
			return err
		}
		for i, entry := range entries {
			index := first + int64(i)
			leaf := tlog.RecordHash(entry)
			leaves = append(leaves, leaf)
			added, err := tlog.StoredHashesForRecordHash(index, leaf, reader)
			if err != nil {
				return err
			}
			stored = append(stored, added...)
			if err := batches.take(index, entry, leaf); err != nil {
				return fmt.Errorf("entry %d: %v", index, err)
			}
		}
	}
	if err := batches.finish(); err != nil {
		return err
	}
	tiles, err := checkTiles(r, leaves)
	if err != nil {
		return err
	}
	root := tlog.Hash(sha256.Sum256(nil))
	if c.size > 0 {
		if root, err = tlog.TreeHash(c.size, reader); err != nil {
			return err
		}
	}
	if root != c.root {
		return fmt.Errorf("the entries hash to %v, the checkpoint says %v", root, c.root)
	}
	fmt.Printf("%s: %d entries, %d batches, %d tiles, root %v\n",
		c.origin.text, c.size, batches.count, tiles, root)
	return nil
}

// checkTiles compares every hash tile of every level with the leaves.
func checkTiles(r *remote, hashes []tlog.Hash) (int, error) {
	tiles := 0
	for level := 0; len(hashes) > 0; level++ {
		var above []tlog.Hash
		for first := 0; first < len(hashes); first += tileWidth {
			width := int(min(int64(len(hashes)-first), tileWidth))
			number := int64(first / tileWidth)
			have, err := r.tileHashes(level, number, int64(width))
			if err != nil {
				return 0, err
			}
			for i, hash := range have {
				if hash != hashes[first+i] {
					return 0, fmt.Errorf("%s: hash %d is not that of what it stands for",
						tilePath(fmt.Sprint(level), number), i)
				}
			}
			if width == tileWidth {
				above = append(above, perfectRoot(have))
			}
			tiles++
		}
		hashes = above
	}
	return tiles, nil
}

// tileReader answers tlog's questions from tiles: it has their layout, tlog
// the algorithm.
type tileReader struct {
	remote *remote
	size   int64
}

func (t tileReader) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var hashes []tlog.Hash
	for _, index := range indexes {
		height, n := tlog.SplitStoredHashIndex(index)
		level, first := height/8, n<<uint(height%8)
		tile := first / tileWidth
		atLevel := t.size >> uint(8*level)
		have, err := t.remote.tileHashes(level, tile, min(atLevel-tile*tileWidth, tileWidth))
		if err != nil {
			return nil, err
		}
		start, width := first%tileWidth, int64(1)<<uint(height%8)
		if start+width > int64(len(have)) {
			return nil, errors.New("a hash beyond the tree")
		}
		hashes = append(hashes, perfectRoot(have[start:start+width]))
	}
	return hashes, nil
}

func verifyConsistency(olderNote []byte, r *remote, t *trust) error {
	older, err := openCheckpoint(olderNote, t, false)
	if err != nil {
		return fmt.Errorf("older %v", err)
	}
	newerNote, err := r.get("checkpoint")
	if err != nil {
		return err
	}
	newer, err := openCheckpoint(newerNote, t, false)
	if err != nil {
		return err
	}
	if older.origin != newer.origin {
		return fmt.Errorf("checkpoints of two logs: %s and %s",
			older.origin.text, newer.origin.text)
	}
	if older.size > newer.size {
		return fmt.Errorf("the log shrank from %d to %d entries", older.size, newer.size)
	}
	if older.size == newer.size || older.size == 0 {
		empty := tlog.Hash(sha256.Sum256(nil))
		same := older.size == newer.size && bytes.Equal(older.root[:], newer.root[:])
		if !same && !(older.size == 0 && older.root == empty) {
			return fmt.Errorf("two roots for size %d", older.size)
		}
	} else {
		proof, err := tlog.ProveTree(newer.size, older.size, tileReader{r, newer.size})
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(proof, newer.size, newer.root, older.size, older.root); err != nil {
			return fmt.Errorf("size %d does not extend size %d: %v", newer.size, older.size, err)
		}
	}
	fmt.Printf("%s: size %d extends size %d\n", newer.origin.text, newer.size, older.size)
	return nil
}

func min(a, b int64) int64 {
	if a < b {
		return a
	}
	return b
}
