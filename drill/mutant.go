package drill

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Mutant is the guard with one rule off: some lines of its source are others. The guard's own code knows nothing of it; a guard
// is built from the checkout with the changed files laid over it.
type Mutant struct {
	Rule  string
	Edits []Edit
	Rows  []string // of which at least one must fail; none where the guard itself must notice, and end
	By    string   // what the breach, or the guard that ends, must say: a mutant that dies of something else proves nothing of its rule
}

// Edit replaces a text that stands in a file exactly once.
type Edit struct{ File, From, To string }

// build makes the mutant's binary from the source in root.
func (m Mutant) build(ctx context.Context, root, dir string) (string, error) {
	changed, err := m.edited(root)
	if err != nil {
		return "", err
	}
	overlay := map[string]map[string]string{"Replace": {}}
	for file, source := range changed {
		path := filepath.Join(dir, fmt.Sprintf("%d.go", len(overlay["Replace"])))
		if err := os.WriteFile(path, []byte(source), 0o644); err != nil {
			return "", err
		}
		overlay["Replace"][filepath.Join(root, file)] = path
	}
	data, err := json.Marshal(overlay)
	if err != nil {
		return "", err
	}
	list := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(list, data, 0o644); err != nil {
		return "", err
	}
	guard := filepath.Join(dir, "lockstep-guard")
	cmd := exec.CommandContext(ctx, "go", "build", "-tags", "development", "-overlay", list, "-o", guard, "./cmd/lockstep-guard")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("the mutant does not build: %s", out)
	}
	return guard, nil
}

// edited is the source of the files that the mutant changes, by their names below root.
func (m Mutant) edited(root string) (map[string]string, error) {
	changed := map[string]string{}
	for _, e := range m.Edits {
		source, again := changed[e.File]
		if !again {
			data, err := os.ReadFile(filepath.Join(root, e.File))
			if err != nil {
				return nil, err
			}
			source = string(data)
		}
		if n := strings.Count(source, e.From); n != 1 {
			return nil, fmt.Errorf("%s: %q stands there %d times: the mutant no longer fits the rules", e.File, e.From, n)
		}
		changed[e.File] = strings.Replace(source, e.From, e.To, 1)
	}
	return changed, nil
}

// judge plays the mutant's rows until one fails as it should. killed names it.
func (m Mutant) judge(ctx context.Context, root, honest string) (killed string, err error) {
	dir, err := os.MkdirTemp("", "lockstep-mutant")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	guard, err := m.build(ctx, root, dir)
	if err != nil {
		return "", err
	}
	yard, err := NewYard(dir, guard)
	if err != nil {
		return "", err
	}
	yard.honest = honest
	if len(m.Rows) == 0 {
		return m.ends(ctx, yard)
	}
	rows, err := Pick(m.Rows...)
	if err != nil {
		return "", err
	}
	for _, r := range rows {
		switch result := yard.Play(ctx, r); {
		case result.Err == nil:
		case !IsBreach(result.Err):
			return "", fmt.Errorf("%s: %w", r.ID, result.Err)
		case !strings.Contains(result.Err.Error(), m.By):
			return "", fmt.Errorf("%s died of something else: %w", r.ID, result.Err)
		default:
			return fmt.Sprintf("%s: %v", r.ID, result.Err), nil
		}
	}
	return "", nil
}

// ends starts the mutant, which must notice what it lacks, say so and end.
func (m Mutant) ends(ctx context.Context, yard *Yard) (killed string, err error) {
	b, err := yard.bench(ctx, 1)
	if err == nil {
		b.Close()
		return "", nil
	}
	if !strings.Contains(err.Error(), m.By) {
		return "", fmt.Errorf("it ended of something else: %w", err)
	}
	return "itself: " + m.By, nil
}

// Mutate builds and judges every mutant whose rule contains a word, two side by side, and prints killed or ALIVE. honest is the
// guard's binary with every rule on.
func Mutate(ctx context.Context, root, honest, word string, out io.Writer) error {
	type verdict struct {
		Mutant
		killed string
		err    error
		took   time.Duration
	}
	var chosen []Mutant
	for _, m := range Mutants {
		if strings.Contains(m.Rule, word) {
			chosen = append(chosen, m)
		}
	}
	verdicts := make([]chan verdict, len(chosen))
	for i := range verdicts {
		verdicts[i] = make(chan verdict, 1)
	}
	places := make(chan struct{}, 2)
	go func() {
		for i, m := range chosen {
			places <- struct{}{}
			go func() {
				begun := time.Now()
				killed, err := m.judge(ctx, root, honest)
				verdicts[i] <- verdict{m, killed, err, time.Since(begun)}
				<-places
			}()
		}
	}()
	dead := 0
	for i := range chosen {
		v := <-verdicts[i]
		switch {
		case v.err != nil:
			fmt.Fprintf(out, "ERROR   %-60s %5.1f s  %v\n", v.Rule, v.took.Seconds(), v.err)
		case v.killed == "":
			fmt.Fprintf(out, "ALIVE   %-60s %5.1f s  by none of %v\n", v.Rule, v.took.Seconds(), v.Rows)
		default:
			dead++
			fmt.Fprintf(out, "killed  %-60s %5.1f s  %s\n", v.Rule, v.took.Seconds(), v.killed)
		}
	}
	fmt.Fprintf(out, "\n%d mutants, %d killed\n", len(chosen), dead)
	if dead < len(chosen) {
		return fmt.Errorf("%d mutants live", len(chosen)-dead)
	}
	return nil
}
