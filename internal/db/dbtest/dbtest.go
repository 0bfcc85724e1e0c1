// Package dbtest runs a test on both engines: SQLite in a file, and Debian's PostgreSQL, started for the test process on a unix
// socket of its own.
package dbtest

import (
	"context"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"lockstep/internal/db"
)

// Main runs a package's tests and then stops PostgreSQL. Call it from TestMain.
func Main(m *testing.M) {
	code := m.Run()
	cluster.stop()
	os.Exit(code)
}

// Each runs test once on each engine, with a fresh database that has been migrated. Where PostgreSQL is not installed its run
// is skipped, or fails when CI=true.
func Each(t *testing.T, migrations fs.FS, test func(t *testing.T, d *db.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		test(t, open(t, filepath.Join(t.TempDir(), "hub.db"), migrations))
	})
	t.Run("postgres", func(t *testing.T) {
		test(t, open(t, cluster.database(t), migrations))
	})
}

// Postgres gives the URL of an empty PostgreSQL database; skipped or failed as Each's.
func Postgres(t *testing.T) string {
	t.Helper()
	return cluster.database(t)
}

func open(t *testing.T, url string, migrations fs.FS) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	if err := d.Migrate(t.Context(), migrations); err != nil {
		t.Fatal(err)
	}
	return d
}

var databases atomic.Int64

// database makes an empty database and gives its URL.
func (p *postgres) database(t *testing.T) string {
	t.Helper()
	if err := p.start(); err != nil {
		if os.Getenv("CI") == "true" || !missing(err) {
			t.Fatal(err)
		}
		t.Skipf("%v; install Debian's postgresql to run this", err)
	}
	admin, err := db.Open(context.Background(), p.url("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	name := fmt.Sprintf("test%d", databases.Add(1))
	if _, err := admin.Writer().Exec("CREATE DATABASE " + name); err != nil {
		t.Fatal(err)
	}
	return p.url(name)
}

func (p *postgres) url(database string) string {
	return "postgres:///" + database + "?user=postgres&host=" + url.QueryEscape(p.dir)
}
