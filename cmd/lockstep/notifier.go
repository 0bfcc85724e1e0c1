package main

import "errors"

type notifierCommand struct{}

func (notifierCommand) Run() error { return errors.New("notifier: not built yet") }
