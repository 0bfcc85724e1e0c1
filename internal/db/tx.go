package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"lockstep/internal/fault"
)

// attempts bounds how often a transaction is tried that lost against another one.
const attempts = 5

// Tx runs do in one transaction that writes: committed when do returns nil, else rolled back. do may run several times when
// the database asks for it (deadlock, serialization), so it must change nothing but the database before it returns.
func (d *DB) Tx(ctx context.Context, do func(tx *sql.Tx) error) error {
	for n := 1; ; n++ {
		err := inTx(ctx, d.write, nil, do)
		if err == nil || n == attempts || !Lost(err) {
			return translate(err)
		}
	}
}

// View runs do in one transaction that only reads and sees one moment.
func (d *DB) View(ctx context.Context, do func(tx *sql.Tx) error) error {
	options := &sql.TxOptions{ReadOnly: true}
	if d.engine == Postgres {
		options.Isolation = sql.LevelRepeatableRead
	}
	return translate(inTx(ctx, d.reads, options, do))
}

func inTx(ctx context.Context, pool *sql.DB, options *sql.TxOptions, do func(tx *sql.Tx) error) error {
	tx, err := pool.BeginTx(ctx, options)
	if err != nil {
		return fmt.Errorf("db: begin: %w", err)
	}
	defer tx.Rollback() // does nothing after Commit
	if err := do(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("db: commit: %w", err)
	}
	return nil
}

// Part runs do inside tx so that its failure undoes only what do has written.
func Part(ctx context.Context, tx *sql.Tx, do func() error) error {
	if _, err := tx.ExecContext(ctx, "SAVEPOINT part"); err != nil {
		return fmt.Errorf("db: %w", err)
	}
	if err := do(); err != nil {
		if _, undo := tx.ExecContext(ctx, "ROLLBACK TO SAVEPOINT part"); undo != nil {
			return errors.Join(err, undo)
		}
		tx.ExecContext(ctx, "RELEASE SAVEPOINT part")
		return err
	}
	_, err := tx.ExecContext(ctx, "RELEASE SAVEPOINT part")
	return err
}

// ErrRaced is for code that finds, inside a transaction, that another one has changed what it read: wrapped in the error that
// do returns, it makes Tx try again.
var ErrRaced = errors.New("another transaction was faster")

// Lost says whether the transaction may succeed when it is simply tried again.
func Lost(err error) bool {
	if errors.Is(err, ErrRaced) {
		return true
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "40001" || pg.Code == "40P01"
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		return lite.Code()&0xff == sqlite3.SQLITE_BUSY
	}
	return false
}

// Duplicate says whether err is a row that is there already (a primary key or a unique index).
func Duplicate(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "23505"
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		return lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || lite.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	return false
}

// notText says whether err is a text that PostgreSQL keeps nowhere and does not even look for. SQLite takes any.
func notText(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == "22021"
}

// translate gives database errors a kind; faults pass as they are.
func translate(err error) error {
	if err == nil || fault.KindOf(err) != fault.Internal {
		return err
	}
	switch {
	case Duplicate(err):
		return fault.Wrap(err, fault.Conflict, "exists", "it is there already")
	case notText(err):
		return fault.Wrap(err, fault.Invalid, "invalid_text", "a text is not valid UTF-8 or holds a zero character")
	case Lost(err), errors.Is(err, sql.ErrConnDone):
		return fault.Wrap(err, fault.Unavailable, "busy", "the database is busy; try again")
	}
	return err
}

// One turns a missing row into a NotFound fault.
func One[T any](row T, err error, code, message string) (T, error) {
	if errors.Is(err, sql.ErrNoRows) {
		return row, fault.New(fault.NotFound, code, "%s", message)
	}
	return row, translate(err)
}
