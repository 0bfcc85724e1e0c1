package main

import (
	"context"
	"fmt"
	"io"

	"lockstep/hub"
)

type hubUser struct {
	Add  userAdd  `cmd:"" help:"Add a person who signs in to the hub's pages; shows the one-time link to their first passkey, once."`
	List userList `cmd:"" help:"List users."`
	Link userLink `cmd:"" help:"Make a new link for somebody whose device is lost; their passkeys and sessions end."`
	Role userRole `cmd:"" help:"Give somebody of the staff another role."`
	End  userEnd  `cmd:"" help:"Let somebody sign in no more."`
}

type userAdd struct {
	Name     string `arg:"" help:"What the audit log calls them; never given twice."`
	Role     string `default:"admin" enum:"admin,dispatcher,support,technician,auditor,merchant" help:"admin, dispatcher, support, technician, auditor, or merchant for a merchant's people."`
	Merchant string `help:"The merchant's id, for its people."`
}

func (u userAdd) Run(c *commands) error {
	return show(c, func(ctx context.Context, h *hub.Hub) (hub.UserView, error) {
		return h.AddUser(ctx, u.Name, u.Role, u.Merchant)
	}, userLine)
}

type userList struct{}

func (userList) Run(c *commands) error { return list(c, (*hub.Hub).Users, userLine) }

type userLink struct {
	Name string `arg:"" help:"The user's name."`
}

func (u userLink) Run(c *commands) error {
	return show(c, func(ctx context.Context, h *hub.Hub) (hub.UserView, error) { return h.LinkUser(ctx, u.Name) }, userLine)
}

type userRole struct {
	Name string `arg:"" help:"The user's name."`
	Role string `arg:"" enum:"admin,dispatcher,support,technician,auditor" help:"admin, dispatcher, support, technician or auditor."`
}

func (u userRole) Run(c *commands) error {
	return c.Hub.with(func(ctx context.Context, h *hub.Hub) error { return h.SetUserRole(ctx, u.Name, u.Role) })
}

type userEnd struct {
	Name string `arg:"" help:"The user's name."`
}

func (u userEnd) Run(c *commands) error {
	return c.Hub.with(func(ctx context.Context, h *hub.Hub) error { return h.EndUser(ctx, u.Name) })
}

func userLine(w io.Writer, u hub.UserView) {
	state := fmt.Sprintf("%d passkeys", u.Passkeys)
	if u.Ended != "" {
		state = "ended " + u.Ended
	}
	fmt.Fprintf(w, "%s\t%s %s\t%s\n", u.Name, u.Role, u.Merchant, state)
	if u.Link != "" {
		fmt.Fprintf(w, "link (once, for a day): %s\n", u.Link)
	}
}
