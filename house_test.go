// Package house holds the laws of the house as tests: floors, the guard's wall, one owner per table, closed rooms.
package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "lockstep"

// floors says on which floor each room stands. Imports run strictly down; rooms on one floor do not know each other.
var floors = map[string]int{
	"guard/clock": 0, "guard/statement": 0, "internal/fault": 0, "internal/base45": 0, "internal/web": 0,

	"parcel": 1, "parcel/drawing": 2, "guard/journal": 1, "guard/door": 1, "guard/lockboard": 1, "ceremony": 1, "internal/db": 1, "internal/contact": 1,

	"guard/rules": 2, "internal/line": 2, "cabinet": 2, "internal/db/dbtest": 2,

	"guard": 3, "locker/link": 3, "locker/kiosk": 3, "hub/migrations": 0, "notifier/migrations": 0,
	"hub/internal/account/store": 2, "hub/internal/fleet/store": 2, "hub/internal/custody/store": 2,
	"hub/internal/dispatch/store": 2, "hub/internal/outbox/store": 2,

	"hub/internal/account": 3, "hub/internal/fleet": 4, "hub/internal/dispatch": 5, "hub/internal/custody": 6,
	"hub/internal/outbox": 6, "hub/internal/label": 3,
	"hub/internal/edge": 7, "hub/internal/api": 7, "hub/internal/console": 7,
	"hub": 8,

	"notifier": 8,

	"demo": 9, "e2e": 10,
	"cmd/lockstep": 10, "cmd/lockstep-locker": 10, "cmd/lockstep-guard": 10,
	"": 11,
}

// file is one Go file's imports of our own rooms and of others.
type file struct {
	path, room string
	test       bool
	imports    []string
}

func goFiles(t *testing.T) []file {
	t.Helper()
	var out []file
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".") && p != "." || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(p, ".go") {
			return nil
		}
		tree, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		f := file{path: p, room: filepath.ToSlash(filepath.Dir(p)), test: strings.HasSuffix(p, "_test.go")}
		if f.room == "." {
			f.room = ""
		}
		for _, i := range tree.Imports {
			name, _ := strconv.Unquote(i.Path.Value)
			f.imports = append(f.imports, name)
		}
		out = append(out, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// ours is the room an import path of this module names.
func ours(imported string) (string, bool) {
	return strings.CutPrefix(imported, module+"/")
}

func floor(room string) (int, bool) {
	n, ok := floors[room]
	if !ok && strings.HasPrefix(room, "notifier/internal/") {
		return 4, true // the notifier's own rooms, see TestNotifierRooms
	}
	return n, ok
}

func TestImportsRunDown(t *testing.T) {
	for _, f := range goFiles(t) {
		from, ok := floor(f.room)
		if !ok {
			t.Errorf("%s: room %q has no floor", f.path, f.room)
			continue
		}
		for _, imported := range f.imports {
			room, ok := ours(imported)
			if !ok || f.test || strings.HasPrefix(f.room, "notifier/internal/") && strings.HasPrefix(room, "notifier/internal/") {
				continue
			}
			if to, ok := floor(room); !ok || to >= from {
				t.Errorf("%s: %q on floor %d imports %q on floor %d", f.path, f.room, from, room, to)
			}
		}
	}
}

// guardWall is everything that the guard's packages may import from outside this module and the standard library.
var guardWall = []string{"github.com/fxamacker/cbor/v2", "github.com/veraison/go-cose", "go.bug.st/serial", "golang.org/x/sys/unix"}

// forbiddenInGuard are parts of the standard library that have no business behind the wall.
var forbiddenInGuard = regexp.MustCompile(`^(net/(http|rpc|smtp|url|mail|textproto).*|crypto/tls|os/exec|plugin|database/sql.*|text/template|html/template|encoding/(json|gob|xml)|testing.*)$`)

func TestGuardWall(t *testing.T) {
	for _, f := range goFiles(t) {
		if f.test || f.room != "guard" && !strings.HasPrefix(f.room, "guard/") && f.room != "cmd/lockstep-guard" {
			continue
		}
		for _, imported := range f.imports {
			if room, ok := ours(imported); ok {
				if room != "guard" && !strings.HasPrefix(room, "guard/") {
					t.Errorf("%s imports %s: the guard knows only its own rooms", f.path, imported)
				}
				continue
			}
			if strings.Contains(strings.Split(imported, "/")[0], ".") && !slices.Contains(guardWall, imported) {
				t.Errorf("%s imports %s, which is not on the list", f.path, imported)
			}
			if forbiddenInGuard.MatchString(imported) {
				t.Errorf("%s imports %s: forbidden behind the wall", f.path, imported)
			}
		}
	}
}

// TestGuardSize keeps the guard small enough to be read: under 4,000 lines of code without its drivers, its tests and the
// statements, which are a room of their own that everybody reads.
func TestGuardSize(t *testing.T) {
	lines := 0
	for _, f := range goFiles(t) {
		if f.test || f.room != "guard" && !strings.HasPrefix(f.room, "guard/") || f.room == "guard/lockboard" || f.room == "guard/statement" {
			continue
		}
		data, err := os.ReadFile(f.path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
				lines++
			}
		}
	}
	if lines >= 4000 {
		t.Errorf("the guard has %d lines", lines)
	}
	t.Logf("the guard has %d lines", lines)
}

// TestClosedRooms: the locker knows nothing of the hub's rooms and the other way round; only commands and the demo know both.
func TestClosedRooms(t *testing.T) {
	side := func(room string) string { return strings.Split(room, "/")[0] }
	apart := map[string][]string{"locker": {"hub", "notifier", "cabinet", "demo"}, "hub": {"locker", "notifier", "cabinet", "demo"},
		"notifier": {"hub", "locker", "cabinet", "demo"}, "cabinet": {"hub", "locker", "notifier", "demo", "guard"}}
	for _, f := range goFiles(t) {
		for _, imported := range f.imports {
			room, ok := ours(imported)
			if !ok || f.test && side(f.room) == "cabinet" || room == "guard/statement" {
				continue
			}
			if slices.Contains(apart[side(f.room)], side(room)) && !(side(f.room) == "hub" && room == "guard/journal") {
				t.Errorf("%s imports %s", f.path, imported)
			}
		}
	}
}

// TestBinaries: what each command may link of ours.
func TestBinaries(t *testing.T) {
	never := map[string][]string{
		"cmd/lockstep-guard":  {"hub", "notifier", "locker", "cabinet", "demo", "ceremony", "internal"},
		"cmd/lockstep-locker": {"hub", "notifier", "cabinet", "demo", "ceremony"},
	}
	reach := reachable(t)
	for command, rooms := range never {
		for room := range reach(command) {
			if slices.Contains(rooms, strings.Split(room, "/")[0]) {
				t.Errorf("%s links %s", command, room)
			}
		}
	}
	// What the locker's line and screen link must have no way to the bus.
	for room := range reach("cmd/lockstep-locker") {
		if room == "guard" || room == "guard/rules" || room == "guard/lockboard" {
			t.Errorf("cmd/lockstep-locker links %s", room)
		}
	}
}

func reachable(t *testing.T) func(string) map[string]bool {
	edges := map[string][]string{}
	for _, f := range goFiles(t) {
		if f.test {
			continue
		}
		for _, imported := range f.imports {
			if room, ok := ours(imported); ok {
				edges[f.room] = append(edges[f.room], room)
			}
		}
	}
	return func(from string) map[string]bool {
		seen := map[string]bool{}
		var walk func(string)
		walk = func(room string) {
			for _, next := range edges[room] {
				if !seen[next] {
					seen[next] = true
					walk(next)
				}
			}
		}
		walk(from)
		return seen
	}
}

var tableName = regexp.MustCompile(`(?i)\b(?:from|join|into|update|delete\s+from)\s+([a-z_]+)`)

// TestOneOwnerPerTable: a room's SQL names only its own tables.
func TestOneOwnerPerTable(t *testing.T) {
	queries, err := filepath.Glob("hub/internal/*/queries.sql")
	if err != nil || len(queries) == 0 {
		t.Fatalf("no queries: %v", err)
	}
	owners := map[string]map[string]bool{}
	for _, q := range queries {
		data, err := os.ReadFile(q)
		if err != nil {
			t.Fatal(err)
		}
		room := path.Base(path.Dir(filepath.ToSlash(q)))
		for _, m := range tableName.FindAllStringSubmatch(withoutComments(string(data)), -1) {
			table := strings.ToLower(m[1])
			if owners[table] == nil {
				owners[table] = map[string]bool{}
			}
			owners[table][room] = true
		}
	}
	tables := createdTables(t)
	for table, rooms := range owners {
		if tables[table] && len(rooms) > 1 {
			t.Errorf("table %s is named by rooms %v", table, slices.Sorted(maps.Keys(rooms)))
		}
	}
}

var created = regexp.MustCompile(`(?i)create table (?:if not exists )?([a-z_]+)`)

func createdTables(t *testing.T) map[string]bool {
	out := map[string]bool{}
	files, err := filepath.Glob("hub/migrations/postgres/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no migrations: %v", err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range created.FindAllStringSubmatch(string(data), -1) {
			out[strings.ToLower(m[1])] = true
		}
	}
	return out
}

func withoutComments(sql string) string {
	lines := strings.Split(sql, "\n")
	return strings.Join(slices.DeleteFunc(lines, func(l string) bool { return strings.HasPrefix(strings.TrimSpace(l), "--") }), "\n")
}

// TestEveryRoomSaysWhatItIs: each package has a package comment.
func TestEveryRoomSaysWhatItIs(t *testing.T) {
	said := map[string]bool{}
	rooms := map[string]bool{}
	for _, f := range goFiles(t) {
		if f.test && f.room != "" {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), f.path, nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		rooms[f.room] = true
		said[f.room] = said[f.room] || tree.Doc != nil && !ast.IsGenerated(tree)
	}
	for room := range rooms {
		if !said[room] && !strings.HasSuffix(room, "/store") {
			t.Errorf("room %q has no package comment", room)
		}
	}
}

// emptyWords name nothing.
var emptyWords = []string{"util", "utils", "common", "helpers", "misc", "models", "lib", "base"}

func TestNoEmptyNames(t *testing.T) {
	for _, f := range goFiles(t) {
		if slices.Contains(emptyWords, path.Base(f.room)) {
			t.Errorf("%s: a room's name says what it holds", f.room)
		}
	}
}
