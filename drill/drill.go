// Package drill attacks lockers: each row of the corpus is one attack by somebody who holds certain keys, sockets or machines,
// played against real processes and judged by the cabinet alone.
package drill

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

// Row is one attack.
type Row struct {
	ID     string
	Attack string   // what is done, by whom
	Expect string   // in the words of the corpus
	Slow   bool     // left out of the quick set
	Holds  []Holder // what the attacker has, in the words of the table
	On     func(context.Context, *Yard) (*Bench, error)
	Do     func(context.Context, *Bench) (seen string, err error)
	Limits Limits
	Root   bool // only root can play it: other users' processes
	Alone  bool // it has the machine to itself: fifty lockers, or times that are compared
	// Net takes the place of On and Do where the row needs a whole network: so many lockers, each with parcels inside.
	Net              func(context.Context, *Net) (seen string, err error)
	Lockers, Parcels int
	// Control is the same with an honest credential: the door must open. Nil means an honest deposit and collection, which end
	// every row but those that say otherwise.
	Control func(context.Context, *Bench) error
}

// Result is what became of one row.
type Result struct {
	Row
	Seen  string
	Doors int // that opened for the attacker
	Measure
	Took time.Duration
	Err  error // nil, a *Breach, or what went wrong with the drill itself
}

// Play plays one row on a bench of its own: the attack, the oracles, the positive control.
func (y *Yard) Play(ctx context.Context, r Row) Result {
	if r.Net != nil {
		return y.playNet(ctx, r)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute+time.Duration(y.Frames)*prompt/10)
	defer cancel()
	begun := time.Now()
	b, err := r.On(ctx, y)
	if err != nil {
		return Result{Row: r, Took: time.Since(begun), Err: fmt.Errorf("the bench: %w", err)}
	}
	defer b.Close()
	seen, err := r.Do(ctx, b)
	if judged := b.judge(ctx, r.Limits); IsBreach(err) && judged != nil {
		err = breach("%v; %v", err, judged)
	} else if judged != nil { // what came between may be the attack's own doing
		err = judged
	}
	doors, measured := b.opened(Thief), b.measure()
	if err == nil && !r.Limits.Locked && !r.Limits.Dishonest {
		err = b.honest(ctx)
	}
	if err == nil && r.Control != nil {
		err = r.Control(ctx, b)
	}
	return Result{Row: r, Seen: seen, Doors: doors, Measure: measured, Took: time.Since(begun), Err: err}
}

// side is how many rows are played at a time: most of their time is a door's.
const side = 8

// Run plays rows, several side by side and then those that have the machine to themselves, and prints each in its order. It says whether
// all held.
func (y *Yard) Run(ctx context.Context, rows []Row, out io.Writer) ([]Result, error) {
	rows = slices.DeleteFunc(slices.Clone(rows), func(r Row) bool {
		leave := r.Root && !root()
		if leave {
			fmt.Fprintf(out, "%-4s left out: only root can play it\n", r.ID)
		}
		return leave
	})
	results := make([]chan Result, len(rows))
	places := make(chan struct{}, side)
	for i := range rows {
		results[i] = make(chan Result, 1)
	}
	go func() {
		var others sync.WaitGroup
		for i, r := range rows {
			if !r.Alone {
				places <- struct{}{}
				others.Go(func() { results[i] <- y.Play(ctx, r); <-places })
			}
		}
		others.Wait()
		for i, r := range rows {
			if r.Alone {
				results[i] <- y.Play(ctx, r)
			}
		}
	}()
	var all []Result
	var failed []string
	for i := range rows {
		result := <-results[i]
		all = append(all, result)
		result.print(out)
		if result.Err != nil {
			failed = append(failed, fmt.Sprintf("%s: %v", result.ID, result.Err))
		}
	}
	fmt.Fprintf(out, "\n%d rows, %d held\n", len(rows), len(rows)-len(failed))
	if len(failed) > 0 {
		return all, errors.New("failed: " + strings.Join(failed, "\n\t"))
	}
	return all, nil
}

func (r Result) print(out io.Writer) {
	word := "held"
	if r.Err != nil {
		word = "FAILED"
	}
	fmt.Fprintf(out, "%-4s %-6s %5.1f s  doors %d  %s\n", r.ID, word, r.Took.Seconds(), r.Doors, r.Attack)
	fmt.Fprintf(out, "              expected  %s\n              seen      %s\n", r.Expect, r.Seen)
	if r.Err != nil {
		fmt.Fprintf(out, "              error     %v\n", r.Err)
	}
}

// Pick is the rows of some ids; none means all.
func Pick(ids ...string) ([]Row, error) {
	if len(ids) == 0 {
		return Corpus(), nil
	}
	var rows []Row
	for _, id := range ids {
		i := slices.IndexFunc(Corpus(), func(r Row) bool { return r.ID == id })
		if i < 0 {
			return nil, fmt.Errorf("drill: there is no row %q", id)
		}
		rows = append(rows, Corpus()[i])
	}
	return rows, nil
}

// Quick is the rows that are played with every test.
func Quick() []Row { return slices.DeleteFunc(Corpus(), func(r Row) bool { return r.Slow }) }

// fresh and stocked say on what bench a row is played.
func fresh(ctx context.Context, y *Yard) (*Bench, error) { return y.Stocked(ctx, 24, 0) }

func stocked(ctx context.Context, y *Yard) (*Bench, error) { return y.Stocked(ctx, 24, 8) }

func full(ctx context.Context, y *Yard) (*Bench, error) { return y.Stocked(ctx, 80, 80) }
