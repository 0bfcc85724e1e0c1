package drill

import (
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"lockstep/internal/db"
)

// window is how many bytes of a needle are looked for at every place.
const window = 8

// haystack finds many needles in one pass.
type haystack struct {
	count int
	at    map[[window]byte][]needle
	maybe [1 << 16]bool // by the first two bytes
}

type needle struct{ what, plain string }

// needles are all the secrets that the network has had so far: as they are, in the spellings in which somebody might keep them, and
// those that can be guessed under the digests that somebody might think safe.
func (n *Net) needles(ctx context.Context) (*haystack, error) {
	if err := n.gather(ctx); err != nil {
		return nil, err
	}
	h := &haystack{at: map[[window]byte][]needle{}}
	for what, plain := range n.keys {
		h.addAll(what, spellings(plain))
	}
	for what, plain := range n.secrets {
		h.addAll(what, spellings(plain))
		h.addAll(what, hidden(plain))
	}
	return h, nil
}

func (h *haystack) addAll(what string, forms map[string]string) {
	for form, spelled := range forms {
		h.add(what+form, spelled)
	}
}

func (h *haystack) add(what, plain string) {
	if len(plain) < window {
		return // it would be found everywhere
	}
	var start [window]byte
	copy(start[:], plain)
	h.at[start] = append(h.at[start], needle{what, plain})
	h.maybe[binary.BigEndian.Uint16(start[:])] = true
	h.count++
}

// in names the first needle that lies in some bytes.
func (h *haystack) in(data []byte) (what string, found bool) {
	for i := 0; i+window <= len(data); i++ {
		if !h.maybe[binary.BigEndian.Uint16(data[i:])] {
			continue
		}
		for _, n := range h.at[[window]byte(data[i:])] {
			if strings.HasPrefix(string(data[i:min(len(data), i+len(n.plain))]), n.plain) {
				return n.what, true
			}
		}
	}
	return "", false
}

// spellings of a secret, by what each is.
func spellings(plain string) map[string]string {
	out := map[string]string{"": plain, ", percent-encoded": url.QueryEscape(plain), ", base64": base64.StdEncoding.EncodeToString([]byte(plain)), ", hexadecimal": hex.EncodeToString([]byte(plain))}
	if raw, err := hex.DecodeString(plain); err == nil && len(raw) >= window {
		out[", raw"], out[", raw as base64"] = string(raw), base64.StdEncoding.EncodeToString(raw)
	}
	if len(plain) == 9 { // a code
		out[" without its check digit"], out[" as it is shown"] = plain[:8], plain[:3]+" "+plain[3:6]+" "+plain[6:]
	}
	if strings.HasPrefix(plain, "+") {
		out[" without the plus"], out[", its last ten digits"] = plain[1:], plain[max(0, len(plain)-10):]
	}
	return out
}

func hidden(plain string) map[string]string {
	out := map[string]string{}
	for digest, sum := range digests(plain) {
		out[" as "+digest], out[" as "+digest+", hexadecimal"], out[" as "+digest+", base64"] = string(sum), hex.EncodeToString(sum), base64.StdEncoding.EncodeToString(sum)
	}
	return out
}

func digests(plain string) map[string][]byte {
	s256, s1, m5 := sha256.Sum256([]byte(plain)), sha1.Sum([]byte(plain)), md5.Sum([]byte(plain))
	return map[string][]byte{"SHA-256": s256[:], "SHA-1": s1[:], "MD5": m5[:]}
}

// gather notes the codes of every journal and the guards' own keys.
func (n *Net) gather(ctx context.Context) error {
	for _, b := range n.Lockers {
		if _, err := b.Records(ctx); err != nil {
			return err
		}
		for barcode, code := range b.Codes {
			n.secret("code of "+barcode, code.Code)
			n.key("QR secret of "+barcode, hex.EncodeToString(code.Secret[:]))
		}
		files, err := filepath.Glob(b.path("state", "*.key"))
		if err != nil {
			return err
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			key := strings.TrimSpace(string(data)) // the seed that it signs with, and the key of its codes' MACs
			n.key("the guard's seed of "+b.Locker.ID, key[:len(key)/2])
			n.key("the guard's MAC key of "+b.Locker.ID, key[len(key)/2:])
		}
	}
	return nil
}

// leaks is what must hold after every row on a network, whatever was done: nothing that any process has written for people to read
// holds a code, a contact or a key (W06).
func (n *Net) leaks(ctx context.Context) error {
	look, err := n.needles(ctx)
	if err != nil {
		return err
	}
	for _, b := range n.Lockers {
		if what, found := look.in([]byte(b.output.String())); found {
			return breach("W06: what the guard of %s prints holds %s", b.Locker.ID, what)
		}
	}
	_, err = look.files(n.Office.Path("logs"))
	return err
}

// files looks into every file below a directory and says how many bytes that was.
func (h *haystack) files(dir string) (size int, err error) {
	return size, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		size += len(data)
		if what, found := h.in(data); found {
			return breach("W06: %s holds %s", filepath.Base(path), what)
		}
		return nil
	})
}

// newDatabase makes a hub a database of its own where the yard has a server, and drop to be rid of it; "" leaves it to an SQLite file.
func (y *Yard) newDatabase(ctx context.Context, name string) (at string, drop func(), err error) {
	if y.Server == "" {
		return "", func() {}, nil
	}
	u, err := url.Parse(y.Server)
	if err != nil {
		return "", nil, err
	}
	name = fmt.Sprintf("drill_%d_%s", os.Getpid(), strings.ReplaceAll(name, "-", "_"))
	if err := y.onServer(ctx, "CREATE DATABASE "+name); err != nil {
		return "", nil, err
	}
	u.Path = "/" + name
	return u.String(), func() { y.onServer(context.WithoutCancel(ctx), "DROP DATABASE "+name+" WITH (FORCE)") }, nil
}

func (y *Yard) onServer(ctx context.Context, command string) error {
	server, err := db.Open(ctx, y.Server)
	if err != nil {
		return err
	}
	defer server.Close()
	_, err = server.Writer().ExecContext(ctx, command)
	return err
}

// inDatabase lets somebody with the hub's database do something in one transaction, beside the running hub.
func (n *Net) inDatabase(ctx context.Context, do func(tx *sql.Tx) error) error {
	d, err := db.Open(ctx, n.Office.Database)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Tx(ctx, do)
}

// rewrite is one statement of theirs. It must change something.
func (n *Net) rewrite(ctx context.Context, query string, args ...any) error {
	return n.inDatabase(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		if changed, err := result.RowsAffected(); err != nil || changed == 0 {
			return fmt.Errorf("%s: nothing changed: %v", query, err)
		}
		return nil
	})
}

// eachValue gives every value of every table of the hub's database, as bytes.
func (n *Net) eachValue(ctx context.Context, do func(table, column string, value []byte) error) error {
	d, err := db.Open(ctx, n.Office.Database)
	if err != nil {
		return err
	}
	defer d.Close()
	names := `SELECT name FROM sqlite_master WHERE type = 'table'`
	if d.Engine() == db.Postgres {
		names = `SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`
	}
	tables, err := column(ctx, d, names)
	if err != nil {
		return err
	}
	for _, table := range tables {
		if err := eachIn(ctx, d, table, do); err != nil {
			return fmt.Errorf("table %s: %w", table, err)
		}
	}
	return nil
}

func column(ctx context.Context, d *db.DB, query string) (values []string, err error) {
	rows, err := d.Reads().QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var value string
		if err := rows.Scan(&value); err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, rows.Err()
}

func eachIn(ctx context.Context, d *db.DB, table string, do func(table, column string, value []byte) error) error {
	rows, err := d.Reads().QueryContext(ctx, "SELECT * FROM "+table)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values, into := make([]sql.RawBytes, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		for i, value := range values {
			if err := do(table, columns[i], value); err != nil {
				return err
			}
		}
	}
	return rows.Err()
}

// searchDatabase looks into every value of the hub's database, and into its file where it is one: what was deleted counts, too.
func (n *Net) searchDatabase(ctx context.Context, look *haystack) (size int, err error) {
	err = n.eachValue(ctx, func(table, column string, value []byte) error {
		size += len(value)
		if what, found := look.in(value); found {
			return breach("B02: %s.%s holds %s", table, column, what)
		}
		return nil
	})
	files, _ := filepath.Glob(n.Office.Database + "*")
	for _, file := range files {
		data, failed := os.ReadFile(file)
		if failed != nil || err != nil {
			return size, errors.Join(err, failed)
		}
		size += len(data)
		if what, found := look.in(data); found {
			return size, breach("B02: %s holds %s", filepath.Base(file), what)
		}
	}
	return size, err
}
