//go:build e2e

package e2e

import (
	"testing"

	"lockstep/demo"
	"lockstep/internal/db/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// TestThreeDaysOnPostgreSQL plays the demo's script with the hub's tables in PostgreSQL.
func TestThreeDaysOnPostgreSQL(t *testing.T) {
	ctx, n := startWith(t, demo.Options{Database: dbtest.Postgres(t)})
	counts, _, err := n.Script(ctx, say(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", counts)
}
