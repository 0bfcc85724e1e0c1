package main

import "errors"

type cabinetCommand struct{}

func (cabinetCommand) Run() error { return errors.New("cabinet: not built yet") }
