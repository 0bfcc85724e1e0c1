package main

import "errors"

type hubCommand struct{}

func (hubCommand) Run() error { return errors.New("hub: not built yet") }
