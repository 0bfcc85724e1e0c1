package main

import "errors"

type linkCommand struct{}

func (linkCommand) Run() error { return errors.New("link: not built yet") }
