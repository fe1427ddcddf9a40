// SPDX-License-Identifier: Apache-2.0

package sigv4_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"galen/internal/aws/sigv4"
)

func TestParseCredentials(t *testing.T) {
	got, err := sigv4.ParseCredentials("# who\r\n[default]\r\naws_access_key_id = A\r\nAWS_SECRET_ACCESS_KEY=s=/+\r\nregion = x\r\n\r\n[ two ]\naws_access_key_id=B\naws_secret_access_key=t\naws_session_token = tok==\naws_account_id = 222233334444\n; end")
	if err != nil {
		t.Fatal(err)
	}
	want := []sigv4.Credential{{AccessKey: "A", Secret: "s=/+", Profile: "default"},
		{AccessKey: "B", Secret: "t", Token: "tok==", Account: "222233334444", Profile: "two"}}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, text := range []string{"", "[a]", "[a", "aws_access_key_id=A", "[a]\nnonsense", "[a]\naws_access_key_id=A",
		"[a]\naws_access_key_id=A\naws_secret_access_key=hidden\n[b]\naws_access_key_id=A\naws_secret_access_key=hidden"} {
		_, err := sigv4.ParseCredentials(text)
		if err == nil || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestCreateCredentials(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "deep", "credentials")
	if err := sigv4.CreateCredentials(path); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path string
		want fs.FileMode
	}{{path, 0o600}, {filepath.Dir(path), 0o700 | fs.ModeDir}, {filepath.Dir(filepath.Dir(path)), 0o700 | fs.ModeDir}} {
		info, err := os.Stat(c.path)
		if err != nil || info.Mode() != c.want {
			t.Errorf("%s: %v, %v; want %v", c.path, info.Mode(), err, c.want)
		}
	}
	file, err := sigv4.OpenCredentials(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	all := file.All()
	if len(all) != 1 || len(all[0].AccessKey) != 20 || len(all[0].Secret) != 40 || all[0].Profile != "default" {
		t.Errorf("made %d credentials of odd form", len(all))
	}
	if err := sigv4.CreateCredentials(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second time: %v", err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("%d entries are left: %v", len(entries), err)
	}
}

func TestCredentialsFollowTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	profile := func(key string) string { return "[p]\naws_access_key_id=" + key + "\naws_secret_access_key=s\n" }
	write(profile("A"))
	failures := 0
	c, err := sigv4.OpenCredentials(path, func(error) { failures++ })
	if err != nil {
		t.Fatal(err)
	}
	found := func(key string, at time.Duration) bool { _, ok := c.Lookup(key, now.Add(at)); return ok }
	if !found("A", 0) || found("BB", 0) {
		t.Fatal("the first content is not there")
	}
	write(profile("BB"))
	if !found("A", time.Second/2) {
		t.Error("looked before a second was over")
	}
	if found("A", 2*time.Second) || !found("BB", 2*time.Second) {
		t.Error("the change was not seen")
	}
	write("[broken")
	if !found("BB", 4*time.Second) || failures != 1 {
		t.Errorf("a broken file: %d failures reported", failures)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if !found("BB", 6*time.Second) || failures != 2 {
		t.Errorf("no file: %d failures reported", failures)
	}
	write(profile("CCC"))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() { found("CCC", time.Duration(8+i)*time.Second) })
	}
	wg.Wait()
	if !found("CCC", 20*time.Second) {
		t.Error("the file came back and was not seen")
	}
}

func FuzzParseCredentials(f *testing.F) {
	f.Add("[a]\naws_access_key_id=A\naws_secret_access_key=s")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := sigv4.ParseCredentials(text)
		if err == nil && len(list) == 0 {
			t.Error("no credentials and no error")
		}
	})
}
