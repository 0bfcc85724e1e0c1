// Package model holds the models of the guard's protocol and checks them with spin, all states of each.
package model

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

var (
	write = flag.Bool("write", false, "with -bugs: write what the models gave to docs/model-results.md")
	bugs  = flag.Bool("bugs", false, "search the models with one rule off each, too")
)

const (
	longest = 2 * time.Minute // of a processor, each
	memory  = 4096            // MiB
	depth   = 4000000         // steps; a search that needs more is an error
)

// models are the files of this folder that are checked; locker.pml is what they share.
var models = []string{"core", "withdraw", "quarantine", "lockdown", "override", "reissue"}

// switches are the words by which a model is built otherwise.
//
//	WITH_     one more property that must hold
//	WITNESS_  an honest end that must be reached
//	BUG_      one rule off: the property it stands for must be violated
//	LIMIT_    people believe a hostile screen: what the guard cannot prevent, shown
var switches = regexp.MustCompile(`\b(WITH|WITNESS|BUG|LIMIT)_[A-Z_]+\b`)

// TestModels searches all states of every model: each must hold. With -bugs also the models with one rule off are
// searched, and each must fail.
func TestModels(t *testing.T) {
	for _, tool := range []string{"spin", "gcc"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal(err)
			}
			t.Skipf("%s is missing: the models are not checked (install the Debian packages spin and gcc)", tool)
		}
	}
	report := &strings.Builder{}
	fmt.Fprint(report, head)
	began := time.Now()
	for _, name := range models {
		for _, variant := range append([]string{""}, variants(t, name)...) {
			if !*bugs && variant != "" && !strings.HasPrefix(variant, "WITH_") {
				continue
			}
			t.Run(strings.TrimSuffix(name+"/"+variant, "/"), func(t *testing.T) {
				r := search(t, name, variant)
				r.judge(t)
				fmt.Fprint(report, r.row())
				t.Log(r)
			})
		}
	}
	t.Logf("everything took %s", time.Since(began).Round(time.Second))
	if *write && !t.Failed() && *bugs {
		if err := os.WriteFile("../../docs/model-results.md", []byte(report.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestEveryModelIsChecked sees that no file is left out and that each model has something that can fail it.
func TestEveryModelIsChecked(t *testing.T) {
	files, err := filepath.Glob("*.pml")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name := strings.TrimSuffix(f, ".pml")
		if name != "locker" && !slices.Contains(models, name) {
			t.Errorf("%s is checked by nobody", f)
		}
	}
	for _, name := range models {
		for _, kind := range []string{"WITNESS_", "BUG_"} {
			if !slices.ContainsFunc(variants(t, name), func(v string) bool { return strings.HasPrefix(v, kind) }) {
				t.Errorf("%s.pml has no %s", name, kind)
			}
		}
	}
}

func variants(t *testing.T, name string) []string {
	t.Helper()
	source, err := os.ReadFile(name + ".pml")
	if err != nil {
		t.Fatal(err)
	}
	all := switches.FindAllString(string(source), -1)
	slices.Sort(all)
	return slices.Compact(all)
}

// result is what one search gave.
type result struct {
	model, variant   string
	states, depth    int
	megabytes        float64
	took             time.Duration
	violated         string // the property's name; empty where none was
	truncated, ended bool   // states were cut off; the search came to its end
}

// search builds one model's verifier and lets it visit all states, without partial order reduction and without hashing.
func search(t *testing.T, name, variant string) result {
	t.Helper()
	dir := t.TempDir()
	generate := []string{"-a"}
	if variant != "" {
		generate = append(generate, "-D"+variant)
	}
	for _, f := range []string{name + ".pml", "locker.pml"} {
		source, err := os.ReadFile(f)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, f), source, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	run(t, dir, "spin", append(generate, name+".pml")...)
	run(t, dir, "gcc", "-w", "-O2", "-DSAFETY", "-DNOREDUCE", "-DCOLLAPSE", fmt.Sprintf("-DMEMLIM=%d", memory), "-o", "pan", "pan.c")
	out, took := run(t, dir, "./pan", fmt.Sprintf("-m%d", depth))
	r := read(t, out)
	r.model, r.variant, r.took = name, variant, took
	return r
}

// run gives what a command says and how much of a processor it took.
func run(t *testing.T, dir, command string, args ...string) (string, time.Duration) {
	t.Helper()
	limited := fmt.Sprintf(`ulimit -t %d; exec "$0" "$@"`, int(longest.Seconds()))
	c := exec.CommandContext(t.Context(), "sh", append([]string{"-c", limited, command}, args...)...)
	c.Dir = dir
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v (limits: %s, %d MiB)\n%s", command, err, longest, memory, out)
	}
	return string(out), c.ProcessState.UserTime() + c.ProcessState.SystemTime()
}

var (
	violated  = regexp.MustCompile(`pan:\d+: (?:assertion violated\s+!\((\w+)\)|(.+?)) \(at depth`)
	stored    = regexp.MustCompile(`(\d+) states, stored`)
	reached   = regexp.MustCompile(`depth reached (\d+), errors: (\d+)`)
	megabytes = regexp.MustCompile(`([\d.]+)\s+total actual memory usage`)
)

func read(t *testing.T, out string) (r result) {
	t.Helper()
	number := func(of *regexp.Regexp) float64 {
		m := of.FindStringSubmatch(out)
		if m == nil {
			t.Fatalf("the verifier did not say %s:\n%s", of, out)
		}
		n, _ := strconv.ParseFloat(m[1], 64)
		return n
	}
	r.states, r.depth, r.megabytes = int(number(stored)), int(number(reached)), number(megabytes)
	if m := violated.FindStringSubmatch(out); m != nil {
		r.violated = strings.ReplaceAll(m[1]+m[2], "_", " ")
	}
	r.truncated = strings.Contains(out, "max search depth too small")
	r.ended = !strings.Contains(out, "Search not completed")
	return r
}

// mustHold says whether this search has to end without finding anything.
func (r result) mustHold() bool { return r.variant == "" || strings.HasPrefix(r.variant, "WITH_") }

func (r result) judge(t *testing.T) {
	t.Helper()
	switch {
	case r.truncated:
		t.Errorf("%s is deeper than %d steps", r.model, depth)
	case r.mustHold() && r.violated != "":
		t.Errorf("violated: %s", r.violated)
	case r.mustHold() && !r.ended:
		t.Error("not all states were searched")
	case !r.mustHold() && r.violated == "":
		t.Errorf("%s went unnoticed in %d states", r.variant, r.states)
	case strings.HasPrefix(r.variant, "WITNESS_") != (r.violated == "witnessed"):
		t.Errorf("%q is no answer to %s", r.violated, r.variant)
	}
}

func (r result) found() string {
	switch {
	case r.mustHold() && r.violated == "":
		return "holds"
	case r.violated == "":
		return "NOT FOUND"
	case strings.HasPrefix(r.variant, "WITNESS_"):
		return "reached"
	case r.mustHold():
		return "VIOLATED: " + r.violated
	}
	return "found: " + r.violated
}

func (r result) String() string {
	return fmt.Sprintf("%d states, depth %d, %.0f MiB, %.1f s: %s", r.states, r.depth, r.megabytes, r.took.Seconds(), r.found())
}

const head = `# What the models gave

Written by ` + "`go test ./proof/model -run TestModels -write`" + `. What the models say is in [model.md](model.md). All states of each
are searched: no partial order reduction, no hashing of states. A search that finds something ends there.

| Model | Switch | States | Depth | MiB | Seconds | Result |
|---|---|---|---|---|---|---|
`

func (r result) row() string {
	_, words, _ := strings.Cut(r.variant, "_")
	kind, _, _ := strings.Cut(r.variant, "_")
	said := strings.ToLower(strings.ReplaceAll(words, "_", " "))
	if said != "" {
		said = strings.ToLower(kind) + ": " + said
	}
	return fmt.Sprintf("| %s | %s | %d | %d | %.0f | %.1f | %s |\n", r.model, said, r.states, r.depth, r.megabytes, r.took.Seconds(), r.found())
}
