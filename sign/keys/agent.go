package keys

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"errors"
	"fmt"
	"math/big"
	"net"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"lockstep/guard/statement"
)

// Held is one key of an agent. Refused says why it cannot sign here, and is empty for one that can.
type Held struct {
	Key     statement.Key
	Comment string
	Refused string
	public  ssh.PublicKey
}

// Agent is an ssh-agent behind its unix socket: the one thing that this program dials.
type Agent struct {
	conn   net.Conn
	client agent.ExtendedAgent
}

// Dial reaches the agent at a socket, commonly that of SSH_AUTH_SOCK.
func Dial(socket string) (*Agent, error) {
	if socket == "" {
		return nil, errors.New("no ssh-agent: SSH_AUTH_SOCK is not set")
	}
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return nil, fmt.Errorf("no ssh-agent: %w", err)
	}
	return &Agent{conn, agent.NewClient(conn)}, nil
}

// Close leaves the agent.
func (a *Agent) Close() error { return a.conn.Close() }

// List is every key of the agent.
func (a *Agent) List() ([]Held, error) {
	listed, err := a.client.List()
	if err != nil {
		return nil, fmt.Errorf("ssh-agent: %w", err)
	}
	var out []Held
	for _, k := range listed {
		out = append(out, read(k))
	}
	return out, nil
}

func read(k *agent.Key) Held {
	h := Held{Comment: k.Comment}
	if strings.HasPrefix(k.Format, "sk-") {
		h.Refused = "a security key's ssh key signs a structure of its own, not the statement; use a plain ed25519 or ecdsa-p256 key"
		return h
	}
	public, err := ssh.ParsePublicKey(k.Blob)
	if err == nil {
		h.public = public
		h.Key, err = keyOf(public)
	}
	if err != nil {
		h.Refused = fmt.Sprintf("%s cannot sign here; use a plain ed25519 or ecdsa-p256 key", k.Format)
	}
	return h
}

func keyOf(public ssh.PublicKey) (statement.Key, error) {
	var k statement.Key
	switch held := public.(type) {
	case ssh.CryptoPublicKey:
		switch crypto := held.CryptoPublicKey().(type) {
		case ed25519.PublicKey:
			k = statement.Key{Alg: statement.EdDSA, Public: crypto}
		case *ecdsa.PublicKey:
			point, err := crypto.Bytes()
			if err != nil {
				return k, err
			}
			k = statement.Key{Alg: statement.ES256, Public: point}
		}
	}
	return k, k.Check()
}

// Signer makes envelopes with one of the agent's keys, for as long as the agent is open.
func (a *Agent) Signer(h Held) (*statement.Signer, error) {
	if h.Refused != "" {
		return nil, errors.New(h.Refused)
	}
	return statement.SignerElsewhere(h.Key, func(message []byte) ([]byte, error) {
		signature, err := a.client.Sign(h.public, message)
		if err != nil {
			return nil, fmt.Errorf("ssh-agent: %w", err)
		}
		if h.Key.Alg == statement.ES256 {
			return joined(signature.Blob)
		}
		return signature.Blob, nil
	})
}

// joined turns an ECDSA signature as SSH writes it, mpint r and mpint s (RFC 5656 §3.1.2), into r‖s of 32 bytes each.
func joined(blob []byte) ([]byte, error) {
	var pair struct{ R, S *big.Int }
	if err := ssh.Unmarshal(blob, &pair); err != nil || !fits(pair.R) || !fits(pair.S) {
		return nil, errors.New("ssh-agent: not a signature of a P-256 key")
	}
	out := make([]byte, 64)
	pair.R.FillBytes(out[:32])
	pair.S.FillBytes(out[32:])
	return out, nil
}

func fits(n *big.Int) bool { return n.Sign() > 0 && n.BitLen() <= 256 }
