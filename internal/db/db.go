// Package db opens the hub's database, an SQLite file or PostgreSQL, behind database/sql, so that one set of queries serves
// both. It knows what differs between them: connection strings, pools, migrations, and how each reports a broken constraint.
package db

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"net/url"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // driver "sqlite"

	"lockstep/internal/fault"
)

// Engine is which of the two it is.
type Engine string

const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// Queryer is what generated queries run on: a *sql.DB or a *sql.Tx.
type Queryer interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
	PrepareContext(context.Context, string) (*sql.Stmt, error)
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
	QueryRowContext(context.Context, string, ...any) *sql.Row
}

// DB is an open database. On SQLite all writing goes through one connection: code that holds a transaction must not ask
// Writer for anything until it has ended.
type DB struct {
	engine       Engine
	write, reads *sql.DB
}

// Open opens a database by URL: postgres://…, or sqlite:PATH, or a bare PATH of an SQLite file, made when it is not there.
func Open(ctx context.Context, url string) (*DB, error) {
	d, err := open(url)
	if err != nil {
		return nil, err
	}
	if err := d.write.PingContext(ctx); err != nil {
		d.Close()
		return nil, fmt.Errorf("db: open %s: %w", d.engine, err)
	}
	return d, nil
}

func open(url string) (*DB, error) {
	if strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://") {
		pool, err := sql.Open("pgx", url)
		if err != nil {
			return nil, fmt.Errorf("db: the PostgreSQL URL cannot be read") // the driver's text may hold the password
		}
		pool.SetMaxOpenConns(16)
		return &DB{Postgres, pool, pool}, nil
	}
	path := strings.TrimPrefix(url, "sqlite:")
	if path == "" {
		return nil, fmt.Errorf("db: no path of an SQLite file")
	}
	write, err := sql.Open("sqlite", sqliteDSN(path, "immediate"))
	if err != nil {
		return nil, fmt.Errorf("db: %w", err)
	}
	write.SetMaxOpenConns(1)
	reads, err := sql.Open("sqlite", sqliteDSN(path, "deferred"))
	if err != nil {
		write.Close()
		return nil, fmt.Errorf("db: %w", err)
	}
	reads.SetMaxOpenConns(4)
	return &DB{SQLite, write, reads}, nil
}

// sqliteDSN is the connection string of modernc.org/sqlite: synchronous=FULL because an upload is acknowledged once it is
// committed, secure_delete because an erased contact must be gone from the file and not only from its table, _dqs=0 so that a
// misspelt column is an error and not a string.
func sqliteDSN(path, lock string) string {
	pragmas := "_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=secure_delete(1)&_pragma=foreign_keys(1)&_dqs=0&_txlock="
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + pragmas + lock
}

// Engine tells which database it is.
func (d *DB) Engine() Engine { return d.engine }

// Reads is for queries outside transactions that change nothing.
func (d *DB) Reads() *sql.DB { return d.reads }

// Writer is the pool that writes; for libraries that keep tables of their own.
func (d *DB) Writer() *sql.DB { return d.write }

// Close ends all connections.
func (d *DB) Close() error {
	err := d.write.Close()
	if d.reads != d.write {
		d.reads.Close()
	}
	return err
}

// Scrub takes what was overwritten or deleted out of an SQLite file's write-ahead log, where a commit leaves it until the log is
// begun anew. On PostgreSQL it is VACUUM's and the archive's to do, and this does nothing. Unavailable where somebody reads for so
// long that it cannot be done now. Not inside a transaction.
func (d *DB) Scrub(ctx context.Context) error {
	if d.engine != SQLite {
		return nil
	}
	var busy, pages, moved int
	if err := d.write.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &moved); err != nil {
		return fmt.Errorf("db: %w", err)
	}
	if busy != 0 {
		return fault.New(fault.Unavailable, "database_busy", "it is deleted, but the database is being read and its log still holds it; do it again")
	}
	return nil
}

// Migrate brings the tables up to date from folders named sqlite and postgres. Several nodes may start at once.
func (d *DB) Migrate(ctx context.Context, files fs.FS) error {
	folder, err := fs.Sub(files, string(d.engine))
	if err != nil {
		return fmt.Errorf("db: %w", err)
	}
	dialect := goose.DialectSQLite3
	if d.engine == Postgres {
		dialect = goose.DialectPostgres
	}
	provider, err := goose.NewProvider(dialect, d.write, folder, goose.WithAllowOutofOrder(true))
	if err != nil {
		return fmt.Errorf("db: migrations: %w", err)
	}
	return d.alone(ctx, func() error {
		if _, err := provider.Up(ctx); err != nil {
			return fmt.Errorf("db: migrate: %w", err)
		}
		return nil
	})
}

// alone keeps other nodes from migrating at the same time. An SQLite file has one node; its own lock is enough.
func (d *DB) alone(ctx context.Context, do func() error) error {
	if d.engine == SQLite {
		return do()
	}
	conn, err := d.write.Conn(ctx)
	if err != nil {
		return fmt.Errorf("db: %w", err)
	}
	defer conn.Close()
	const lock = 0x6c6f636b73746570 // "lockstep"
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", int64(lock)); err != nil {
		return fmt.Errorf("db: %w", err)
	}
	defer conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(lock))
	return do()
}
