// SPDX-License-Identifier: Apache-2.0

// verifier checks what a ledger publishes with code that is not ours: Go's
// note and tlog packages as Debian ships them, and the standard library. What
// it adds (protobuf, tiles, batches, keys) is written from docs/formats and
// shares no line with the programs that it checks.
package main

import (
	"errors"
	"fmt"
	"os"
)

const usage = `usage: verifier log URL TRUST
       verifier consistency OLDER-CHECKPOINT URL TRUST
       verifier pack PACK TRUST
       verifier pack-flips PACK TRUST

URL is that of a log, TRUST a trust file or a verification key.
log          fetches checkpoint, tiles and bundles and recomputes everything
consistency  shows from tiles that the log extends an older checkpoint
pack         verifies an evidence pack, without a network
pack-flips   verifies it, then sees every altered byte and bit refused
Exit code: 0 verified, 1 refused, 2 wrong usage.`

func main() {
	err := run(os.Args[1:])
	if errors.Is(err, errUsage) {
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "REFUSED:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("wrong usage")

func run(args []string) error {
	if len(args) == 0 {
		return errUsage
	}
	mode, args := args[0], args[1:]
	want := map[string]int{"log": 2, "consistency": 3, "pack": 2, "pack-flips": 2}
	if len(args) == 0 || len(args) != want[mode] {
		return errUsage
	}
	trust, err := readTrust(args[len(args)-1])
	if err != nil {
		return err
	}
	switch mode {
	case "log":
		return verifyLog(newRemote(args[0]), trust)
	case "consistency":
		older, err := os.ReadFile(args[0])
		if err != nil {
			return err
		}
		return verifyConsistency(older, newRemote(args[1]), trust)
	}
	pack, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	said, err := verifyPack(pack, trust)
	if err != nil {
		return err
	}
	if mode == "pack-flips" {
		return verifyFlips(pack, trust)
	}
	fmt.Print(said)
	return nil
}

// verifyFlips alters the pack in every bit, one at a time.
func verifyFlips(pack []byte, trust *trust) error {
	for bit := 0; bit < 8*len(pack); bit++ {
		pack[bit/8] ^= 1 << (bit % 8)
		if _, err := verifyPack(pack, trust); err == nil {
			return fmt.Errorf("byte %d, bit %d altered, and the pack passes",
				bit/8, bit%8)
		}
		pack[bit/8] ^= 1 << (bit % 8)
	}
	fmt.Printf("%d bits altered, all refused\n", 8*len(pack))
	return nil
}
