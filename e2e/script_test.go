//go:build e2e

package e2e

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lockstep/demo"
)

// TestThreeDays plays the demo's script, with hub and notifier dead for a third of it, and then asks an audit and looks into the hub's
// database and everybody's logs for what must never be there.
func TestThreeDays(t *testing.T) {
	ctx, n := start(t)
	counts, secrets, err := n.Script(ctx, say(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", counts)
	audited(t, n, counts)
	n.Stop()
	hub := files(t, filepath.Dir(n.Database))
	if len(hub) < 100_000 {
		t.Fatalf("the hub's files have only %d bytes", len(hub))
	}
	needles := forms(secrets)
	t.Logf("%d secrets, %d forms of them, %d bytes of the hub's files", len(secrets), len(needles), len(hub))
	for what, needle := range needles {
		if bytes.Contains(hub, []byte(needle)) {
			t.Errorf("the hub's files hold %s", what)
		}
	}
	if written := logs(t, n); written == "" {
		t.Error("no logs")
	} else {
		for what, needle := range needles {
			if strings.Contains(written, needle) {
				t.Errorf("the logs hold %s", what)
			}
		}
	}
	if !bytes.Contains(hub, []byte(secrets[0].Barcode)) {
		t.Error("the search finds not even a barcode")
	}
}

// files is every byte under the hub's directory but its keys.
func files(t *testing.T, dir string) []byte {
	t.Helper()
	var all []byte
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, data...)
	}
	return all
}

// forms is each secret as it is, in the spellings somebody might store, and under the digests somebody might think safe.
func forms(parcels []demo.Parcel) map[string]string {
	out := map[string]string{}
	for _, p := range parcels {
		code := p.Code
		for what, plain := range map[string]string{"name": p.Owner, "phone": p.Phone, "e-mail": p.Email, "code": code,
			"code without check digit": code[:8], "code as shown": code[:3] + " " + code[3:6] + " " + code[6:],
			"phone without plus": strings.TrimPrefix(p.Phone, "+"), "phone's last ten digits": lastTen(p.Phone)} {
			if plain == "" {
				continue
			}
			name := what + " of " + p.Barcode
			out[name] = plain
			for digest, sum := range digests(plain) {
				out[digest+" of the "+name+", hexadecimal"] = hex.EncodeToString(sum)
				out[digest+" of the "+name+", base64"] = base64.StdEncoding.EncodeToString(sum)
				out[digest+" of the "+name+", raw"] = string(sum)
			}
		}
	}
	return out
}

func lastTen(phone string) string {
	if len(phone) < 10 {
		return ""
	}
	return phone[len(phone)-10:]
}

func digests(plain string) map[string][]byte {
	s256, s1, m5 := sha256.Sum256([]byte(plain)), sha1.Sum([]byte(plain)), md5.Sum([]byte(plain))
	return map[string][]byte{"SHA-256": s256[:], "SHA-1": s1[:], "MD5": m5[:]}
}
