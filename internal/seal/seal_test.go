// SPDX-License-Identifier: Apache-2.0

package seal_test

import (
	"bytes"
	"testing"

	"galen/internal/seal"
)

func TestOnlyTheSameBoxOpens(t *testing.T) {
	key := bytes.Repeat([]byte{7}, 32)
	box, err := seal.New(key, "a")
	if err != nil {
		t.Fatal(err)
	}
	sealed := box.Seal("secret", "job")
	if bytes.Contains(sealed, []byte("secret")) || bytes.Equal(sealed, box.Seal("secret", "job")) {
		t.Error("the secret shows")
	}
	if got, err := box.Open(sealed, "job"); err != nil || got != "secret" {
		t.Errorf("got %q %v", got, err)
	}
	other, _ := seal.New(key, "b")
	broken := bytes.Clone(sealed)
	broken[len(broken)-1] ^= 1
	for what, try := range map[string]func() (string, error){
		"another purpose": func() (string, error) { return other.Open(sealed, "job") },
		"another owner":   func() (string, error) { return box.Open(sealed, "other") },
		"a changed byte":  func() (string, error) { return box.Open(broken, "job") },
		"too short":       func() (string, error) { return box.Open([]byte("x"), "job") },
	} {
		if got, err := try(); err == nil || got != "" {
			t.Errorf("%s: %q %v", what, got, err)
		}
	}
	if _, err := seal.New([]byte("short"), "a"); err == nil {
		t.Error("a short key is taken")
	}
}
