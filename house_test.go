// Package house holds the laws of the house as tests: floors, the guard's wall, one owner per table, closed rooms.
package house

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
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
	"guard/clock": 0, "guard/statement": 0, "internal/fault": 0, "internal/base45": 0, "internal/secret": 0, "internal/bare": 0, "internal/tracer": 0, "internal/debian": 0, "internal/quota": 0, "internal/words": 0, "internal/words/wordstest": 1, "internal/scantest": 1, "internal/npm": 1,

	"parcel": 1, "parcel/drawing": 2, "guard/journal": 1, "guard/door": 1, "guard/lockboard": 1, "ceremony": 1, "internal/db": 1, "internal/sheet": 1, "internal/contact": 1, "internal/web": 1, "internal/peer": 1,

	"guard/rules": 2, "internal/line": 2, "internal/courier": 2, "internal/courier/store": 1, "cabinet": 2, "merchant": 2, "internal/db/dbtest": 2, "internal/web/webtest": 2, "hub/internal/guardtest": 2, "hub/internal/passkeytest": 2,

	"guard": 3, "audit": 3, "locker/link": 3, "locker/kiosk": 3, "hub/migrations": 0, "notifier/migrations": 0, "carrier/migrations": 0,
	"hub/internal/account/store": 2, "hub/internal/fleet/store": 2, "hub/internal/custody/store": 2,
	"hub/internal/dispatch/store": 2, "hub/internal/outbox/store": 2, "hub/internal/handover/store": 2, "hub/internal/tariff/store": 2, "hub/internal/pickup/store": 2,

	"hub/internal/account": 3, "hub/internal/tariff": 3, "hub/internal/pickup": 3, "hub/internal/names": 3, "hub/internal/fleet": 4, "hub/internal/dispatch": 5, "hub/internal/custody": 6,
	"hub/internal/outbox": 6, "hub/internal/label": 7, "hub/internal/label/drawing": 8, "hub/internal/epcis": 7, "hub/internal/handover": 7,
	"hub/internal/edge": 8, "hub/internal/api": 8, "hub/internal/tracking": 8, "hub/internal/pickpoint": 8, "hub/internal/widget": 8,
	"hub/internal/console": 9, "hub": 10,

	"notifier": 9, "carrier": 9, "payment": 9,

	"demo": 11, "drill": 12, "e2e": 13,
	"cmd/lockstep": 13, "cmd/lockstep-locker": 13, "cmd/lockstep-guard": 13,
	"proof/model": 0,

	"sign/keys": 1, "sign/desk": 2, "sign": 3, "cmd/lockstep-sign": 13,

	"": 13,
}

// file is one Go file as the laws see it.
type file struct {
	path, room string
	test       bool
	said       bool // it carries its package's comment
	code       int  // lines that are neither blank nor comment
	imports    []string
}

func (f file) ofGuard() bool { return f.room == "guard" || strings.HasPrefix(f.room, "guard/") }

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
		source, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		tree, err := parser.ParseFile(token.NewFileSet(), p, source, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		f := file{path: p, room: filepath.ToSlash(filepath.Dir(p)), test: strings.HasSuffix(p, "_test.go"), code: codeLines(source),
			said: tree.Doc != nil && !ast.IsGenerated(tree)}
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

func codeLines(source []byte) (n int) {
	for line := range strings.Lines(string(source)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
			n++
		}
	}
	return n
}

// ours is the room an import path of this module names.
func ours(imported string) (string, bool) {
	return strings.CutPrefix(imported, module+"/")
}

func floor(room string) (int, bool) {
	n, ok := floors[room]
	if !ok && strings.HasPrefix(room, "notifier/internal/") {
		return 4, true // the notifier's own rooms may know each other
	}
	return n, ok
}

// laws are what must hold of the tree: each returns what breaks it. TestBrokenLaws breaks each once.
var laws = map[string]func([]file) []string{
	"imports run down":       importsRunDown,
	"the guard's wall":       guardWallHolds,
	"the guard's size":       guardIsSmall,
	"sign's size":            signIsSmall,
	"sign has no network":    signDialsOnlyItsAgent,
	"an audit is offline":    auditIsPure,
	"closed rooms":           roomsAreClosed,
	"what each binary links": binariesLink,
	"every room says what":   roomsSayWhatTheyAre,
	"no empty names":         namesHoldSomething,
}

func TestLaws(t *testing.T) {
	tree := goFiles(t)
	for name, law := range laws {
		t.Run(name, func(t *testing.T) {
			for _, broken := range law(tree) {
				t.Error(broken)
			}
		})
	}
}

// TestBrokenLaws breaks each law once and sees that it is noticed.
func TestBrokenLaws(t *testing.T) {
	breaks := map[string]file{
		"imports run down":       {path: "parcel/x.go", room: "parcel", imports: []string{"lockstep/hub"}},
		"the guard's wall":       {path: "guard/x.go", room: "guard", imports: []string{"net/http"}},
		"the guard's size":       {path: "guard/x.go", room: "guard", code: maxGuard},
		"sign's size":            {path: "sign/x.go", room: "sign", code: maxSign},
		"sign has no network":    {path: "sign/x.go", room: "sign", imports: []string{"net"}},
		"an audit is offline":    {path: "audit/x.go", room: "audit", imports: []string{"os"}},
		"closed rooms":           {path: "locker/link/x.go", room: "locker/link", imports: []string{"lockstep/hub/internal/custody"}},
		"what each binary links": {path: "locker/kiosk/x.go", room: "locker/kiosk", imports: []string{"lockstep/guard/lockboard"}},
		"every room says what":   {path: "hub/x/x.go", room: "hub/x"},
		"no empty names":         {path: "hub/util/x.go", room: "hub/util", said: true},
	}
	tree := goFiles(t)
	for name, law := range laws {
		one, ok := breaks[name]
		if !ok {
			t.Errorf("nobody has tried to break %q", name)
			continue
		}
		if len(law(append(slices.Clone(tree), one))) == 0 {
			t.Errorf("%q was broken and nobody noticed", name)
		}
	}
}

func importsRunDown(tree []file) (broken []string) {
	for _, f := range tree {
		from, ok := floor(f.room)
		if !ok {
			broken = append(broken, fmt.Sprintf("%s: room %q has no floor", f.path, f.room))
			continue
		}
		for _, imported := range f.imports {
			room, ok := ours(imported)
			if !ok || f.test || strings.HasPrefix(f.room, "notifier/internal/") && strings.HasPrefix(room, "notifier/internal/") {
				continue
			}
			if to, ok := floor(room); !ok || to >= from {
				broken = append(broken, fmt.Sprintf("%s: %q on floor %d imports %q on floor %d", f.path, f.room, from, room, to))
			}
		}
	}
	return broken
}

// guardWall is everything that the guard's packages may import from outside this module and the standard library.
var guardWall = []string{"github.com/fxamacker/cbor/v2", "github.com/veraison/go-cose", "go.bug.st/serial", "golang.org/x/sys/unix"}

// forbiddenInGuard are parts of the standard library that have no business behind the wall.
var forbiddenInGuard = regexp.MustCompile(`^(net/(http|rpc|smtp|url|mail|textproto).*|crypto/tls|os/exec|plugin|database/sql.*|text/template|html/template|encoding/(json|gob|xml)|testing.*)$`)

func guardWallHolds(tree []file) (broken []string) {
	for _, f := range tree {
		if f.test || !f.ofGuard() && f.room != "cmd/lockstep-guard" {
			continue
		}
		for _, imported := range f.imports {
			if room, ok := ours(imported); ok {
				if room != "guard" && !strings.HasPrefix(room, "guard/") {
					broken = append(broken, fmt.Sprintf("%s imports %s: the guard knows only its own rooms", f.path, imported))
				}
				continue
			}
			foreign := strings.Contains(strings.Split(imported, "/")[0], ".")
			if foreign && !slices.Contains(guardWall, imported) || forbiddenInGuard.MatchString(imported) {
				broken = append(broken, fmt.Sprintf("%s imports %s, which has no business behind the wall", f.path, imported))
			}
		}
	}
	return broken
}

// TestLinks reads the committed lists of all that the guard's binary and the offline program link (make gen writes them, make test
// sees that they are fresh): nothing forbidden may stand there, however it came.
func TestLinks(t *testing.T) {
	never := regexp.MustCompile(`^(net/http|crypto/tls|os/exec|plugin|database/sql|text/template|html/template|lockstep/(hub|notifier|locker))(/|$)`)
	for list, own := range map[string]string{"guard/links.txt": "lockstep/guard/rules", "sign/links.txt": "lockstep/sign/keys"} {
		data, err := os.ReadFile(list)
		if err != nil {
			t.Fatal(err)
		}
		names := strings.Fields(string(data))
		for _, name := range names {
			if never.MatchString(name) {
				t.Errorf("%s: it links %s", list, name)
			}
		}
		if !slices.Contains(names, own) {
			t.Errorf("%s is not the list that it should be", list)
		}
	}
}

// maxGuard is how many lines of code the guard may have without its drivers, its tests and the statements, which are a room of
// their own that everybody reads.
const maxGuard = 5500

func guardIsSmall(tree []file) []string {
	lines := 0
	for _, f := range tree {
		if !f.test && f.ofGuard() && f.room != "guard/lockboard" && f.room != "guard/statement" {
			lines += f.code
		}
	}
	if lines >= maxGuard {
		return []string{fmt.Sprintf("the guard has %d lines of code", lines)}
	}
	return nil
}

// maxSign is how many lines of code the offline program may have: somebody who signs with it should be able to read it.
const maxSign = 2300

func ofSign(f file) bool {
	return !f.test && (f.room == "sign" || strings.HasPrefix(f.room, "sign/") || f.room == "cmd/lockstep-sign")
}

func signIsSmall(tree []file) []string {
	lines := 0
	for _, f := range tree {
		if ofSign(f) {
			lines += f.code
		}
	}
	if lines >= maxSign {
		return []string{fmt.Sprintf("the offline program has %d lines of code", lines)}
	}
	return nil
}

// signDialsOnlyItsAgent: the offline program opens one socket, the ssh-agent's, in one file.
func signDialsOnlyItsAgent(tree []file) (broken []string) {
	for _, f := range tree {
		for _, imported := range f.imports {
			if ofSign(f) && f.path != "sign/keys/agent.go" && (imported == "net" || strings.HasPrefix(imported, "net/") || strings.HasPrefix(imported, "golang.org/x/crypto/ssh")) {
				broken = append(broken, fmt.Sprintf("%s imports %s: it has no network", f.path, imported))
			}
		}
	}
	return broken
}

// auditIsPure: an audit reads what it is handed, and reaches for nothing.
func auditIsPure(tree []file) (broken []string) {
	for _, f := range tree {
		for _, imported := range f.imports {
			if f.room == "audit" && !f.test && (imported == "os" || imported == "syscall" || imported == "net" || strings.HasPrefix(imported, "net/")) {
				broken = append(broken, fmt.Sprintf("%s imports %s: it works on what it is handed", f.path, imported))
			}
		}
	}
	return broken
}

// apart says which side knows nothing of which; only commands, the demo and the end-to-end tests know them all.
var apart = map[string][]string{
	"sign":   {"hub", "notifier", "locker", "carrier", "cabinet", "demo"},
	"locker": {"hub", "notifier", "carrier", "cabinet", "demo"}, "hub": {"locker", "notifier", "carrier", "cabinet", "demo"},
	"notifier": {"hub", "locker", "carrier", "cabinet", "demo"}, "carrier": {"hub", "locker", "notifier", "cabinet", "demo"},
	"audit":   {"hub", "locker", "notifier", "carrier", "cabinet", "demo"},
	"cabinet": {"hub", "locker", "notifier", "carrier", "demo", "guard"}, "merchant": {"hub", "locker", "notifier", "carrier", "cabinet", "demo"},
}

func roomsAreClosed(tree []file) (broken []string) {
	side := func(room string) string { return strings.Split(room, "/")[0] }
	for _, f := range tree {
		for _, imported := range f.imports {
			room, ok := ours(imported)
			if !ok || f.test && side(f.room) == "cabinet" || room == "guard/statement" {
				continue
			}
			if slices.Contains(apart[side(f.room)], side(room)) {
				broken = append(broken, fmt.Sprintf("%s imports %s", f.path, imported))
			}
		}
	}
	return broken
}

// neverLinked is what a command may not hold, directly or through others. What the locker's line and screen link has no way
// to the bus.
var neverLinked = map[string][]string{
	"cmd/lockstep-guard":  {"hub", "notifier", "carrier", "locker", "cabinet", "demo", "ceremony", "internal"},
	"cmd/lockstep-locker": {"hub", "notifier", "carrier", "cabinet", "demo", "ceremony", "guard", "guard/rules", "guard/lockboard"},
	"cmd/lockstep-sign":   {"hub", "notifier", "locker", "cabinet", "demo", "guard", "guard/rules", "guard/lockboard", "guard/door"},
}

func binariesLink(tree []file) (broken []string) {
	for command, rooms := range neverLinked {
		for room := range reachable(tree, command) {
			first, rest, _ := strings.Cut(room, "/")
			if slices.Contains(rooms, room) || slices.Contains(rooms, first) && (first != "guard" || rest == "") {
				broken = append(broken, fmt.Sprintf("%s links %s", command, room))
			}
		}
	}
	return broken
}

// reachable is every room of ours that a room imports, directly or through others.
func reachable(tree []file, from string) map[string]bool {
	edges := map[string][]string{}
	for _, f := range tree {
		if f.test {
			continue
		}
		for _, imported := range f.imports {
			if room, ok := ours(imported); ok {
				edges[f.room] = append(edges[f.room], room)
			}
		}
	}
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

var tableName = regexp.MustCompile(`(?i)\b(?:from|join|into|update|delete\s+from)\s+([a-z_]+)`)

// TestOneOwnerPerTable: a room's SQL names only its own tables. Broken once, it must notice.
func TestOneOwnerPerTable(t *testing.T) {
	rooms := map[string]string{}
	queries, err := filepath.Glob("hub/internal/*/queries.sql")
	if err != nil || len(queries) == 0 {
		t.Fatalf("no queries: %v", err)
	}
	queries = append(queries, "internal/courier/queries.sql")
	for _, q := range queries {
		data, err := os.ReadFile(q)
		if err != nil {
			t.Fatal(err)
		}
		rooms[path.Base(path.Dir(filepath.ToSlash(q)))] = string(data)
	}
	tables := createdTables(t)
	for _, shared := range sharedTables(rooms, tables) {
		t.Error(shared)
	}
	rooms["intruder"] = "SELECT id FROM parcel WHERE TRUE;"
	if len(sharedTables(rooms, tables)) == 0 {
		t.Error("a room that reads another's table went unnoticed")
	}
}

func sharedTables(queries map[string]string, tables map[string]bool) (shared []string) {
	owners := map[string][]string{}
	for room, sql := range queries {
		for _, m := range tableName.FindAllStringSubmatch(withoutComments(sql), -1) {
			if table := strings.ToLower(m[1]); tables[table] && !slices.Contains(owners[table], room) {
				owners[table] = append(owners[table], room)
			}
		}
	}
	for table, rooms := range owners {
		if len(rooms) > 1 {
			shared = append(shared, fmt.Sprintf("table %s is named by rooms %v", table, rooms))
		}
	}
	return shared
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

func roomsSayWhatTheyAre(tree []file) (broken []string) {
	said := map[string]bool{}
	for _, f := range tree {
		if !f.test || f.room == "" || f.room == "e2e" {
			said[f.room] = said[f.room] || f.said || strings.HasSuffix(f.room, "/store")
		}
	}
	for room, ok := range said {
		if !ok {
			broken = append(broken, fmt.Sprintf("room %q has no package comment", room))
		}
	}
	return broken
}

// emptyWords name nothing.
var emptyWords = []string{"util", "utils", "common", "helpers", "misc", "models", "lib", "base"}

func namesHoldSomething(tree []file) (broken []string) {
	for _, f := range tree {
		if slices.Contains(emptyWords, path.Base(f.room)) {
			broken = append(broken, fmt.Sprintf("%s: a room's name says what it holds", f.path))
		}
	}
	return broken
}
