//go:build !development

package main

import (
	"flag"

	"lockstep/guard"
)

func developmentVerbs() map[string]func([]string) error { return nil }

func developmentFlags(*flag.FlagSet, *guard.Config) {}
