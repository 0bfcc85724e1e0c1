package rules_test

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"slices"
	"strings"
	"testing"
)

// The wall: what FromLink gives back cannot say a pulse. The compiler's own view of its result types is walked, field by field.

// loadRules type-checks this package from its sources.
func loadRules(t *testing.T) *types.Package {
	t.Helper()
	files := token.NewFileSet()
	entries, err := os.ReadDir(".")
	check(t, err)
	var trees []*ast.File
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".go") && !strings.HasSuffix(e.Name(), "_test.go") {
			tree, err := parser.ParseFile(files, e.Name(), nil, parser.SkipObjectResolution)
			check(t, err)
			trees = append(trees, tree)
		}
	}
	config := types.Config{Importer: importer.ForCompiler(files, "source", nil)}
	p, err := config.Check("lockstep/guard/rules", files, trees, nil)
	check(t, err)
	return p
}

// method is the signature of a method of Rules.
func method(p *types.Package, name string) *types.Signature {
	object, _, _ := types.LookupFieldOrMethod(p.Scope().Lookup("Rules").Type(), true, p, name)
	return object.Type().(*types.Signature)
}

// reach is every way from a type to one that a wall keeps out, as paths of fields.
type reach struct {
	out  func(types.Type) string // why a type must not be there, or ""
	seen map[types.Type]bool
	bad  []string
	n    int // types walked
}

func (r *reach) walk(t types.Type, path string) {
	if r.seen[t] {
		return
	}
	r.seen[t] = true
	r.n++
	if why := r.out(t); why != "" {
		r.bad = append(r.bad, path+": "+why)
	}
	switch u := t.Underlying().(type) {
	case *types.Struct:
		for f := range u.Fields() {
			r.walk(f.Type(), path+"."+f.Name())
		}
	case *types.Pointer:
		r.walk(u.Elem(), path+"*")
	case *types.Slice:
		r.walk(u.Elem(), path+"[]")
	case *types.Array:
		r.walk(u.Elem(), path+"[]")
	case *types.Map:
		r.walk(u.Key(), path+"[key]")
		r.walk(u.Elem(), path+"[]")
	}
}

// behindTheWall says why a type may not be reachable: it could hold an effect, or anything at all.
func behindTheWall(t types.Type) string {
	if named, ok := t.(*types.Named); ok && slices.Contains([]string{"Pulse", "Effect", "Write", "Reply", "Rewire", "visit", "Scene", "State"}, named.Obj().Name()) {
		return "is " + named.String()
	}
	switch t.Underlying().(type) {
	case *types.Interface:
		return "is an interface, which can hold anything"
	case *types.Signature:
		return "is a function"
	case *types.Chan:
		return "is a channel"
	case *types.Basic:
		if t.Underlying().(*types.Basic).Kind() == types.UnsafePointer {
			return "is an unsafe pointer"
		}
	}
	return ""
}

func walkResults(s *types.Signature) *reach {
	r := &reach{out: behindTheWall, seen: map[types.Type]bool{}}
	for v := range s.Results().Variables() {
		r.walk(v.Type(), types.TypeString(v.Type(), func(p *types.Package) string { return p.Name() }))
	}
	return r
}

// TestNothingFromTheLinkCanHoldAPulse: and the same walk finds the pulse where it can be held.
func TestNothingFromTheLinkCanHoldAPulse(t *testing.T) {
	p := loadRules(t)
	link := method(p, "FromLink")
	r := walkResults(link)
	for _, bad := range r.bad {
		t.Error(bad)
	}
	var results []string
	for v := range link.Results().Variables() {
		results = append(results, types.TypeString(v.Type(), func(p *types.Package) string { return p.Name() }))
	}
	if !slices.Equal(results, []string{"rules.Heard", "[]journal.Entry", "rules.Verdict"}) {
		t.Errorf("FromLink gives %v", results)
	}
	t.Logf("%d types reachable from %v", r.n, results)
	for v := range link.Params().Variables() { // nor is anything handed in through which it could be said
		if pointer, is := v.Type().(*types.Pointer); is {
			t.Errorf("FromLink is handed a %s", pointer)
		}
	}
	decide := walkResults(method(p, "Decide"))
	if len(decide.bad) == 0 || !slices.ContainsFunc(decide.bad, func(s string) bool { return strings.Contains(s, "rules.State") }) {
		t.Errorf("the walk is blind: in Decide's results it finds %q", decide.bad)
	}
	effect := p.Scope().Lookup("Effect").Type().Underlying().(*types.Interface)
	if !types.Implements(p.Scope().Lookup("Pulse").Type(), effect) {
		t.Error("a Pulse is no Effect: Decide gives pulses some other way")
	}
	if !slices.ContainsFunc(decide.bad, func(s string) bool { return strings.Contains(s, "[]: is lockstep/guard/rules.Effect") }) {
		t.Errorf("the walk does not find an Effect in what Decide gives: %q", decide.bad)
	}
}
