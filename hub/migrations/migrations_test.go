package migrations_test

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"lockstep/hub/migrations"
)

// types are PostgreSQL's names for what SQLite calls otherwise.
var types = strings.NewReplacer("DOUBLE PRECISION", "REAL", "BIGINT", "INTEGER", "BYTEA", "BLOB", "BOOLEAN", "INTEGER", " STRICT;", ";")

// TestBothFoldersSayTheSame compares the migrations of the rooms line by line, types aside.
func TestBothFoldersSayTheSame(t *testing.T) {
	names, err := fs.Glob(migrations.Files, "postgres/00*.sql")
	if err != nil || len(names) == 0 {
		t.Fatalf("%d migrations, %v", len(names), err)
	}
	sqlite, _ := fs.Glob(migrations.Files, "sqlite/00*.sql")
	if len(sqlite) != len(names) {
		t.Errorf("%d for SQLite, %d for PostgreSQL", len(sqlite), len(names))
	}
	for _, name := range names {
		if postgres, sqlite := read(t, name), read(t, strings.Replace(name, "postgres", "sqlite", 1)); postgres != sqlite {
			t.Errorf("%s differs:\n%s\n---\n%s", name, postgres, sqlite)
		}
	}
}

var space = regexp.MustCompile(`[ \t]+`)

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := fs.ReadFile(migrations.Files, name)
	if err != nil {
		t.Fatal(err)
	}
	return space.ReplaceAllString(types.Replace(string(data)), " ")
}

// TestSQLiteTablesAreStrict: without it SQLite takes any type in any column.
func TestSQLiteTablesAreStrict(t *testing.T) {
	names, err := fs.Glob(migrations.Files, "sqlite/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := fs.ReadFile(migrations.Files, name)
		if err != nil {
			t.Fatal(err)
		}
		if tables, strict := strings.Count(string(data), "CREATE TABLE"), strings.Count(string(data), ") STRICT;"); tables != strict {
			t.Errorf("%s: %d tables, %d strict", name, tables, strict)
		}
	}
}
