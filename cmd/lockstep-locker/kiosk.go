package main

import "errors"

type kioskCommand struct{}

func (kioskCommand) Run() error { return errors.New("kiosk: not built yet") }
