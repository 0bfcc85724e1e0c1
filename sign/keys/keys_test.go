package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"lockstep/guard/statement"
)

const (
	passphrase = "correct horse battery"
	quick      = 4 // power of two of scrypt's work, for tests
)

var head = statement.Head{Locker: "l1", Boot: 1, Position: 7, Powered: 5e6}

func believed(t *testing.T, signer *statement.Signer, key statement.Key) {
	t.Helper()
	envelope, err := statement.Sign(signer, head)
	if err != nil {
		t.Fatal(err)
	}
	lookup := func(id statement.KeyID) (statement.Key, bool) { return key, id == key.ID() }
	if got, _, err := statement.Verify[statement.Head](envelope, lookup); err != nil || got != head {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anna.key")
	made, err := New(path, "Anna", "operator", passphrase, quick)
	if err != nil {
		t.Fatal(err)
	}
	file, err := Read(path)
	if err != nil || file.Public != made.Public || file.Person != "Anna" || file.Role != "operator" {
		t.Fatalf("got %+v, %v", file, err)
	}
	signer, err := file.Open(passphrase)
	if err != nil {
		t.Fatal(err)
	}
	key, err := file.Key()
	if err != nil {
		t.Fatal(err)
	}
	believed(t, signer, key)
	if _, err := file.Open("correct horse batter"); !errors.Is(err, ErrPassphrase) {
		t.Errorf("a wrong passphrase: %v", err)
	}
	if _, err := New(path, "Anna", "operator", passphrase, quick); err == nil {
		t.Error("a key file was written over")
	}
	if _, err := New(path+"2", "Anna", "operator", "too short", quick); err == nil {
		t.Error("a short passphrase was taken")
	}
}

func TestKeyFileRefused(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "good")
	if _, err := New(good, "Anna", "operator", passphrase, quick); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	other, err := New(filepath.Join(dir, "other"), "Boris", "operator", passphrase, quick)
	if err != nil {
		t.Fatal(err)
	}
	change := func(from, to string) []byte { return []byte(strings.Replace(string(data), from, to, 1)) }
	file, _ := Read(good)
	for name, c := range map[string]struct {
		data []byte
		mode os.FileMode
		want string
	}{
		"others can read it": {data, 0o644, "can be read by others"},
		"its group can":      {data, 0o640, "can be read by others"},
		"an unknown field":   {change(`"person"`, `"command": "x", "person"`), 0o600, "not a key file"},
		"another format":     {change(`"lockstep_key": "1"`, `"lockstep_key": "2"`), 0o600, "not a key file"},
		"no key":             {change(file.Public, "ed25519:00"), 0o600, "has 32 bytes"},
		"another's public":   {change(file.Public, other.Public), 0o600, "another public key"},
		"not ours":           {[]byte("-----BEGIN OPENSSH PRIVATE KEY-----"), 0o600, "not a key file"},
	} {
		path := filepath.Join(dir, "changed")
		os.Remove(path)
		if err := os.WriteFile(path, c.data, c.mode); err != nil {
			t.Fatal(err)
		}
		f, err := Read(path)
		if err == nil {
			_, err = f.Open(passphrase)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCostlyFile: a file that wants more memory than any of ours is refused at once.
func TestCostlyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "k")
	f, err := New(path, "Anna", "operator", passphrase, quick)
	if err != nil {
		t.Fatal(err)
	}
	f.Sealed = []byte(strings.Replace(string(f.Sealed), " 4\n", " 40\n", 1))
	if _, err := f.Open(passphrase); err == nil || !strings.Contains(err.Error(), "work factor too large") {
		t.Errorf("got %v", err)
	}
}

func TestTexts(t *testing.T) {
	signer, err := statement.SignerFromSeed(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	key := signer.Key()
	for _, text := range []string{Text(key), strings.TrimPrefix(Text(key), "ed25519:")} {
		if got, err := Parse(text); err != nil || !got.Equal(key) {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{"", "ed25519:", "ed25519:zz", "rsa:00", "p256:" + strings.Repeat("00", 65), Text(key) + "00"} {
		if _, err := Parse(text); err == nil {
			t.Errorf("%q was taken for a key", text)
		}
	}
}

func TestMachineKeys(t *testing.T) {
	dir := t.TempDir()
	if _, err := MakeSeed(filepath.Join(dir, "dispatch.seed")); err != nil {
		t.Fatal(err)
	}
	if _, err := MakeSeal(filepath.Join(dir, "notifier.seal")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"dispatch.seed", "notifier.seal"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	if _, err := MakeSeed(filepath.Join(dir, "dispatch.seed")); err == nil {
		t.Error("a seed was written over")
	}
}

// serveAgent runs a real ssh-agent's protocol over a unix socket.
func serveAgent(t *testing.T, held agent.Agent) string {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "agent")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go agent.ServeAgent(held, conn)
		}
	}()
	return socket
}

func TestAgent(t *testing.T) {
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	p256, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	long, _ := rsa.GenerateKey(rand.Reader, 2048)
	ring := agent.NewKeyring()
	for _, k := range []crypto.PrivateKey{&ed, p256, p384, long} {
		if err := ring.Add(agent.AddedKey{PrivateKey: k, Comment: "a key"}); err != nil {
			t.Fatal(err)
		}
	}
	a, err := Dial(serveAgent(t, ring))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	all, err := a.List()
	if err != nil || len(all) != 4 {
		t.Fatalf("%d keys, %v", len(all), err)
	}
	for i, h := range all {
		signer, err := a.Signer(h)
		if usable := i < 2; usable != (err == nil) {
			t.Errorf("key %d: %v", i, err)
		}
		if err == nil {
			for range 20 { // r and s of every length
				believed(t, signer, h.Key)
			}
		}
	}
}

func TestSecurityKeyIsRefused(t *testing.T) {
	public, _, _ := ed25519.GenerateKey(rand.Reader)
	blob := ssh.Marshal(struct {
		Format      string
		Key         []byte
		Application string
	}{"sk-ssh-ed25519@openssh.com", public, "ssh:"})
	h := read(&agent.Key{Format: "sk-ssh-ed25519@openssh.com", Blob: blob, Comment: "token"})
	if !strings.Contains(h.Refused, "structure of its own") {
		t.Errorf("got %q", h.Refused)
	}
	if _, err := (&Agent{}).Signer(h); err == nil {
		t.Error("it may sign")
	}
}

func TestNoAgent(t *testing.T) {
	for _, socket := range []string{"", filepath.Join(t.TempDir(), "none")} {
		if _, err := Dial(socket); err == nil || !strings.Contains(err.Error(), "no ssh-agent") {
			t.Errorf("%q: %v", socket, err)
		}
	}
}

func TestAgentsSignatures(t *testing.T) {
	for name, blob := range map[string][]byte{"nothing": nil, "rubbish": {1, 2, 3}, "negative": ssh.Marshal(struct{ R, S []byte }{[]byte{0x80}, []byte{1}}),
		"too long": ssh.Marshal(struct{ R, S []byte }{append([]byte{1}, make([]byte, 33)...), []byte{1}})} {
		if _, err := joined(blob); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
