package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"lockstep/audit"
	"lockstep/ceremony"
	"lockstep/guard/statement"
)

type auditCommand struct {
	Charter     string   `required:"" type:"path" help:"The network's charter, or a folder with charter.bundle and those before in charters/. It is all that is trusted: compare its fingerprint."`
	Journals    []string `arg:"" name:"journal" type:"path" help:"Files that hub locker journal, lockstep-guard journal or hub evidence wrote, of one guard."`
	Locker      string   `help:"Whose journal it must be."`
	Compartment uint16   `help:"Only this compartment's openings."`
	From        string   `placeholder:"TIME" help:"Only openings that may have been then or later: 2026-03-01T09:00 by the locker's clock, or RFC 3339."`
	To          string   `placeholder:"TIME" help:"Only openings that may have been then or earlier."`
	printed
}

// Run exits with 0 when nothing is wrong, 1 when something is, 2 when nothing can be told.
func (a auditCommand) Run() error {
	report, err := a.report()
	if err != nil {
		return failure{err, 2}
	}
	if a.JSON {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		err = out.Encode(report)
	} else {
		err = report.Write(os.Stdout)
	}
	if err == nil && !report.Sound {
		err = failure{errors.New("something is wrong with this journal"), 1}
	}
	return err
}

func (a auditCommand) report() (audit.Report, error) {
	charters, err := readCharters(a.Charter)
	if err != nil {
		return audit.Report{}, fmt.Errorf("the charter: %w", err)
	}
	var files []audit.File
	for _, path := range a.Journals {
		data, err := os.ReadFile(path)
		if err != nil {
			return audit.Report{}, err
		}
		f, err := audit.Read(path, data)
		if err != nil {
			return audit.Report{}, err
		}
		files = append(files, f)
	}
	return audit.Audit(charters, files, audit.Query{Locker: a.Locker, Compartment: a.Compartment, From: a.From, To: a.To})
}

// readCharters reads one charter, or a folder of them, oldest first.
func readCharters(path string) ([]statement.Charter, error) {
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		c, _, err := ceremony.ReadCharter(path)
		return []statement.Charter{c}, err
	}
	charters, _, err := ceremony.ReadCharters(path)
	slices.Reverse(charters)
	return charters, err
}

// failure is an error with an exit status of its own.
type failure struct {
	error
	status int
}

func (f failure) ExitCode() int { return f.status }
