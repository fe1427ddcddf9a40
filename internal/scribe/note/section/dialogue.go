// SPDX-License-Identifier: Apache-2.0

package section

import "strings"

// ParseTurns reads a dialogue of lines that begin with who speaks: "Doctor: …", "Patient: …".
func ParseTurns(dialogue string) []Turn {
	var turns []Turn
	for line := range strings.Lines(dialogue) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		who, text, ok := strings.Cut(line, ":")
		if !ok || len(who) > 20 {
			who, text = "", line
		}
		turns = append(turns, Turn{strings.HasPrefix(strings.ToLower(who), "doc"), strings.TrimSpace(text)})
	}
	return turns
}
