//go:build !development

package main

func developmentVerbs() map[string]func([]string) error { return nil }
