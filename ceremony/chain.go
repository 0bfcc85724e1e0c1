package ceremony

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"lockstep/guard/statement"
)

// ReadCharters reads the charter that holds today and all before it, newest first: charter.bundle, and *.bundle in charters/
// beside it. The oldest is believed by its own roots, each later one by those of the one before. bundles are the files, in the same
// order.
func ReadCharters(dir string) (charters []statement.Charter, bundles [][]byte, err error) {
	files, err := withOlder(dir, "charter.bundle", filepath.Join("charters", "*.bundle"))
	if err != nil {
		return nil, nil, err
	}
	claimed := make([]claim, 0, len(files))
	for _, f := range files {
		c, err := readClaim(f)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", f.path, err)
		}
		claimed = append(claimed, c)
	}
	newest := claimed[0].path
	slices.SortFunc(claimed, func(a, b claim) int { return cmp.Compare(a.epoch, b.epoch) })
	if claimed[len(claimed)-1].path != newest {
		return nil, nil, errors.New("charters/ holds a charter of a higher epoch than charter.bundle's")
	}
	if charters, err = believe(claimed); err != nil {
		return nil, nil, err
	}
	for _, c := range slices.Backward(claimed) {
		bundles = append(bundles, c.file)
	}
	return charters, bundles, nil
}

// claim is a charter's file before anything of it is believed.
type claim struct {
	path      string
	file      []byte
	epoch     uint64
	envelopes [][]byte
}

func readClaim(f keyFile) (claim, error) {
	bundle, err := statement.DecodeBundle(f.data)
	if err != nil {
		return claim{}, err
	}
	c, err := statement.ReadUnverified[statement.Charter](bundle.Envelopes[0])
	return claim{f.path, f.data, c.Epoch, bundle.Envelopes}, err
}

// believe verifies charters from the oldest on and gives them newest first.
func believe(claimed []claim) (charters []statement.Charter, err error) {
	for i, c := range claimed {
		var charter statement.Charter
		if i == 0 {
			charter, err = statement.VerifyCharter(c.envelopes)
		} else {
			charter, err = statement.VerifyNextCharter(c.envelopes, charters[0])
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w (a charter is believed after all before it, which lie in charters/)", c.path, err)
		}
		charters = slices.Insert(charters, 0, charter)
	}
	return charters, nil
}

// ReadSealKeys reads the notifier's private HPKE keys: notifier.seal, and *.seal in seals/ beside it for what was sealed to a
// key of before.
func ReadSealKeys(dir string) (keys [][]byte, err error) {
	files, err := withOlder(dir, "notifier.seal", filepath.Join("seals", "*.seal"))
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		key, err := fromHex(f)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

type keyFile struct {
	path string
	data []byte
}

// withOlder reads a file of a key folder and those of the same kind from before; a copy of the first counts once.
func withOlder(dir, today, older string) ([]keyFile, error) {
	data, err := os.ReadFile(filepath.Join(dir, today))
	if err != nil {
		return nil, err
	}
	files := []keyFile{{filepath.Join(dir, today), data}}
	paths, err := filepath.Glob(filepath.Join(dir, older))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(data, files[0].data) {
			files = append(files, keyFile{path, data})
		}
	}
	return files, nil
}
