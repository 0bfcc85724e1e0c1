package notifier

import (
	"os"
	"testing"

	"github.com/pelletier/go-toml/v2"

	"lockstep/notifier/internal/channel"
)

// The example that operators copy is a gateway that works.
func TestExampleGateway(t *testing.T) {
	data, err := os.ReadFile("sms-gateway.example.toml")
	if err != nil {
		t.Fatal(err)
	}
	var c SMSConfig
	if err := toml.Unmarshal(data, &c); err != nil {
		t.Fatal(err)
	}
	if _, err := channel.NewSMS(c); err != nil {
		t.Error(err)
	}
}
