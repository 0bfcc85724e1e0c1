package db_test

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"testing"
	"testing/fstest"

	"lockstep/internal/db"
	"lockstep/internal/db/dbtest"
	"lockstep/internal/fault"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

const table = "-- +goose Up\nCREATE TABLE thing (name TEXT NOT NULL PRIMARY KEY, count INTEGER NOT NULL UNIQUE);\n-- +goose Down\nDROP TABLE thing;\n"

var migrations = fstest.MapFS{
	"sqlite/0001_thing.sql":   {Data: []byte(table)},
	"postgres/0001_thing.sql": {Data: []byte(table)},
}

func add(d *db.DB, name string, count int) error {
	return d.Tx(context.Background(), func(tx *sql.Tx) error {
		_, err := tx.Exec("INSERT INTO thing (name, count) VALUES ($1, $2)", name, count)
		return err
	})
}

func count(t *testing.T, d *db.DB) (n int) {
	t.Helper()
	if err := d.Reads().QueryRow("SELECT COUNT(*) FROM thing").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestBrokenConstraintsAreConflicts(t *testing.T) {
	dbtest.Each(t, migrations, func(t *testing.T, d *db.DB) {
		if err := add(d, "a", 1); err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{add(d, "a", 2), add(d, "b", 1)} {
			if fault.KindOf(err) != fault.Conflict || !db.Duplicate(err) {
				t.Errorf("got %v (%v)", err, fault.KindOf(err))
			}
		}
	})
}

// PostgreSQL keeps no zero character: whoever sent it is told so.
func TestATextThatCannotBeKept(t *testing.T) {
	dbtest.Each(t, migrations, func(t *testing.T, d *db.DB) {
		if err := add(d, "a\x00", 1); err != nil && fault.KindOf(err) != fault.Invalid {
			t.Errorf("got %v (%v)", err, fault.KindOf(err))
		}
	})
}

func TestTxAndPartUndo(t *testing.T) {
	broken := errors.New("broken")
	dbtest.Each(t, migrations, func(t *testing.T, d *db.DB) {
		err := d.Tx(t.Context(), func(tx *sql.Tx) error {
			insert := func(name string, count int) error {
				_, err := tx.Exec("INSERT INTO thing (name, count) VALUES ($1, $2)", name, count)
				return err
			}
			if err := db.Part(t.Context(), tx, func() error { return insert("kept", 1) }); err != nil {
				return err
			}
			err := db.Part(t.Context(), tx, func() error { return errors.Join(insert("undone", 2), insert("twice", 1)) })
			if !db.Duplicate(err) {
				t.Errorf("part: %v", err)
			}
			return insert("also kept", 3)
		})
		if err != nil || count(t, d) != 2 {
			t.Fatalf("%v, %d rows", err, count(t, d))
		}
		err = d.Tx(t.Context(), func(tx *sql.Tx) error {
			tx.Exec("DELETE FROM thing")
			return broken
		})
		if !errors.Is(err, broken) || count(t, d) != 2 {
			t.Fatalf("%v, %d rows", err, count(t, d))
		}
	})
}

func TestConcurrentWritersLoseNothing(t *testing.T) {
	dbtest.Each(t, migrations, func(t *testing.T, d *db.DB) {
		if err := add(d, "a", 0); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				err := d.Tx(context.Background(), func(tx *sql.Tx) error {
					_, err := tx.Exec("UPDATE thing SET count = count + 1 WHERE name = 'a'")
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		var n int
		err := d.View(t.Context(), func(tx *sql.Tx) error { return tx.QueryRow("SELECT count FROM thing").Scan(&n) })
		if err != nil || n != 20 {
			t.Errorf("%d of 20 counted: %v", n, err)
		}
	})
}

func TestSeveralNodesMigrateAtOnce(t *testing.T) {
	dbtest.Each(t, migrations, func(t *testing.T, d *db.DB) {
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if err := d.Migrate(context.Background(), migrations); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	})
}

func TestOpenRefuses(t *testing.T) {
	for _, url := range []string{"", "sqlite:", "sqlite:/no/such/folder/x.db", "postgres:///x?host=/no/such/folder&user=u"} {
		if d, err := db.Open(t.Context(), url); err == nil {
			d.Close()
			t.Errorf("%q was opened", url)
		}
	}
}
