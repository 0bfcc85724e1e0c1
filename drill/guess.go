package drill

import (
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"runtime"
	"strconv"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"lockstep/guard/statement"
)

// shelf is every value of 8 to 64 bytes that a database holds, as it is and with hexadecimal and base64 undone, by its first bytes.
type shelf struct {
	at    map[[window]byte]string // where it lies
	maybe [1 << 20]bool           // by the first 20 bits
}

func newShelf() *shelf { return &shelf{at: map[[window]byte]string{}} }

func (s *shelf) add(where string, value []byte) {
	s.put(where, value)
	if raw, err := hex.DecodeString(string(value)); err == nil {
		s.put(where, raw)
	}
	for _, coding := range []*base64.Encoding{base64.StdEncoding, base64.RawURLEncoding} {
		if raw, err := coding.DecodeString(string(value)); err == nil {
			s.put(where, raw)
		}
	}
}

func (s *shelf) put(where string, value []byte) {
	if len(value) < window || len(value) > 64 {
		return
	}
	s.at[[window]byte(value)] = where
	s.maybe[binary.BigEndian.Uint32(value)>>12] = true
}

// holds says where something that begins like a digest lies.
func (s *shelf) holds(digest []byte) (where string, found bool) {
	if !s.maybe[binary.BigEndian.Uint32(digest)>>12] {
		return "", false
	}
	where, found = s.at[[window]byte(digest)]
	return where, found
}

// tries are how one guess could have been kept.
func (s *shelf) tries(guess []byte) (where string, found bool) {
	s256, s1, m5 := sha256.Sum256(guess), sha1.Sum(guess), md5.Sum(guess)
	for _, digest := range [][]byte{s256[:], s1[:], m5[:]} {
		if where, found = s.holds(digest); found {
			return where, true
		}
	}
	return "", false
}

const (
	everyCode  = 100_000_000 // eight digits; the ninth follows from them
	somePhones = 10_000_000  // of one operator's numbers, among them the run's
)

// guess tries every code, with and without its check digit, and the phone numbers of a whole prefix, under three digests each.
func (s *shelf) guess(ctx context.Context) (tried int64, err error) {
	var count atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	share := func(total int, spell func(i int) [][]byte) {
		workers := runtime.GOMAXPROCS(0)
		for w := range workers {
			group.Go(func() error {
				for i := w; i < total; i += workers {
					for _, plain := range spell(i) {
						if where, found := s.tries(plain); found {
							return breach("B02: %s holds a digest of %s", where, plain)
						}
					}
					if i%65536 < workers && ctx.Err() != nil {
						return ctx.Err()
					}
				}
				count.Add(int64((total - w + workers - 1) / workers))
				return nil
			})
		}
	}
	share(everyCode, func(i int) [][]byte {
		digits := fmt.Appendf(nil, "%08d", i)
		return [][]byte{digits, []byte(statement.CompleteCode(string(digits)))}
	})
	share(somePhones, func(i int) [][]byte { return [][]byte{[]byte("+7916" + strconv.Itoa(somePhones + i)[1:])} })
	err = group.Wait()
	return count.Load(), err
}

// databaseStolen has the database whole, what was deleted from its file, and the hub's logs.
func databaseStolen(ctx context.Context, n *Net) (string, error) {
	if err := n.rewriteSome(ctx); err != nil {
		return "", err
	}
	look, err := n.needles(ctx)
	if err != nil {
		return "", err
	}
	size, err := n.searchDatabase(ctx, look)
	if err != nil {
		return "", err
	}
	values := newShelf()
	if err := n.eachValue(ctx, func(table, column string, value []byte) error { values.add(table+"."+column, value); return nil }); err != nil {
		return "", err
	}
	planted := newShelf() // the same search finds what is there
	sum := sha256.Sum256([]byte(n.bag.code(n.Parcels[0].Phone)))
	planted.add("the control", []byte(hex.EncodeToString(sum[:])))
	if _, found := planted.tries([]byte(n.bag.code(n.Parcels[0].Phone))); !found {
		return "", fmt.Errorf("the search does not find a digest of a code")
	}
	tried, err := values.guess(ctx)
	return fmt.Sprintf("%d forms of secrets in %d bytes: none; %d guesses under 3 digests against %d values of 8 to 64 bytes: none", look.count, size, tried, len(values.at)), err
}

// rewriteSome lets the hub write and delete what a day brings: collections, new codes, returns.
func (n *Net) rewriteSome(ctx context.Context) error {
	p := n.Parcels[0]
	before := n.bag.code(p.Phone)
	if err := n.Office.HubCommand(nil, "parcel", "reissue", p.Barcode); err != nil {
		return err
	}
	if a, err := n.ask(ctx, "POST", "/v1/returns", map[string]any{"locker": p.At.Locker.ID, "size": "S"}, nil); err != nil || a.Status >= 300 {
		return fmt.Errorf("a return: %d %s: %v", a.Status, a.Body, err)
	}
	if _, err := n.code(ctx, p, before); err != nil {
		return err
	}
	if err := n.fetch(ctx, n.Parcels[1]); err != nil {
		return err
	}
	return n.Office.Until(ctx, n.Parcels[1].Barcode, "collected")
}
