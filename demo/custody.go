package demo

import (
	"context"
	"fmt"
	"time"

	"lockstep/cabinet"
)

// check is the end of the play: what the cabinet saw, what the journal says, what the hub has made of it and what recipients
// were told must be one story.
func (p *play) check(ctx context.Context) error {
	if err := p.checkCabinet(ctx); err != nil {
		return err
	}
	if err := p.checkStates(ctx); err != nil {
		return err
	}
	if err := p.HubCommand(nil, "check"); err != nil {
		return fmt.Errorf("the hub's columns are not the fold of its facts: %w", err)
	}
	return p.checkMessages(ctx)
}

// checkCabinet asks the judge.
func (p *play) checkCabinet(ctx context.Context) error {
	state, err := p.Front.State(ctx)
	if err != nil {
		return err
	}
	v := state.Verdict
	p.counts.Presses, p.counts.Pulses = v.Presses, v.Pulses
	if v.Exposed+v.Unpressed+v.TwoOpen > 0 || v.LogError != "" {
		return fmt.Errorf("the cabinet's verdict: %+v", v)
	}
	log, err := p.Front.Log(ctx, 0)
	if err != nil {
		return err
	}
	energised := 0
	for _, e := range log {
		if e.What == cabinet.PulseEnergised {
			energised++
		}
	}
	pulses, err := p.PulsesInJournal()
	if err != nil {
		return err
	}
	if energised != pulses {
		return fmt.Errorf("%d pulses in the cabinet, %d in the journal", energised, pulses)
	}
	return nil
}

// checkStates asks the hub for each parcel's end and for compartments that should be empty.
func (p *play) checkStates(ctx context.Context) error {
	states, err := p.statesAtHub(ctx)
	if err != nil {
		return err
	}
	for i, x := range p.parcels {
		want := "collected"
		if i == overdueOne {
			want = "returned"
		}
		if states[x.Barcode] != want {
			return fmt.Errorf("parcel %d is %s at the hub, not %s", i, states[x.Barcode], want)
		}
	}
	l, err := p.LockerAtHub()
	if err != nil {
		return err
	}
	for _, c := range l.Compartments {
		if c.State != "EMPTY" && !c.Faulted {
			return fmt.Errorf("compartment %d is %s at the end", c.Number, c.State)
		}
	}
	p.counts.Records = int(l.Position)
	return nil
}

// checkMessages: everybody was sent their code and nobody else's, and was told how it ended.
func (p *play) checkMessages(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		messages, err := p.Messages(ctx)
		if err != nil {
			return err
		}
		messages = append(messages, p.told...)
		p.counts.Messages = len(messages)
		err = p.judgeMessages(messages)
		if err == nil {
			return nil
		}
		if pause(ctx, 300*time.Millisecond) != nil {
			return err
		}
	}
}

func (p *play) judgeMessages(messages []Message) error {
	for i, x := range p.parcels {
		codes, all := 0, 0
		for _, m := range messages {
			if m.To != x.Phone && m.To != x.Email || m.To == "" {
				continue
			}
			all++
			for _, code := range m.Codes {
				if code == x.Code {
					codes++
				}
			}
		}
		if codes == 0 || all < 2 {
			return fmt.Errorf("parcel %d: %d messages, %d with its code", i, all, codes)
		}
	}
	return nil
}
