// SPDX-License-Identifier: Apache-2.0

package sherpa

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"galen/internal/fault"
)

// Family is how a model works, and so how it is loaded.
type Family string

// The families.
const (
	OnlineTransducer  Family = "online-transducer" // streaming zipformer
	OnlineParaformer  Family = "online-paraformer"
	OnlineCTC         Family = "online-ctc" // streaming NeMo
	OfflineTransducer Family = "transducer" // Parakeet and its like
	Whisper           Family = "whisper"
	Moonshine         Family = "moonshine"   // four files
	MoonshineMerged   Family = "moonshine-2" // two files
)

// Model is a folder with a model.
type Model struct {
	Name   string // of the folder
	Family Family
	Files  map[string]string // path of each part: tokens, encoder, decoder, joiner, model, preprocessor, uncached, cached, merged
	VAD    string            // path of silero's voice activity detector; empty: none
}

// Streaming reports whether partial results come while somebody speaks.
// Whisper hears thirty seconds however short the speech is: too much to do again and again.
func (m Model) Streaming() bool { return m.Family != Whisper }

// Online reports whether the model takes audio as it comes.
func (m Model) Online() bool { return strings.HasPrefix(string(m.Family), "online-") }

// part is a word of a file's name that says what the file is.
type part struct{ name, prefix string }

// kind is what the files of a family are called, most telling family first.
type kind struct {
	family Family
	online bool // only in folders whose names say "streaming"
	parts  []part
}

func kinds() []kind {
	enc, dec := part{"encoder", "encoder"}, part{"decoder", "decoder"}
	return []kind{
		{MoonshineMerged, false, []part{enc, {"merged", "decoder_model_merged"}}},
		{Moonshine, false, []part{{"preprocessor", "preprocess"}, {"encoder", "encode"}, {"uncached", "uncached_decode"}, {"cached", "cached_decode"}}},
		{OnlineTransducer, true, []part{enc, dec, {"joiner", "joiner"}}},
		{OfflineTransducer, false, []part{enc, dec, {"joiner", "joiner"}}},
		{OnlineParaformer, true, []part{enc, dec}},
		{Whisper, false, []part{enc, dec}},
		{OnlineCTC, true, []part{{"model", "model"}}},
	}
}

// ReadModel tells what model a folder holds. It fails with fault.NotFound if it holds none that is known.
//
// The names are those of the folders that sherpa-onnx publishes: encoder, decoder and so on, .onnx or .ort, perhaps with the
// model's name before or a number of steps behind, and .int8 for the small form, which is taken if it is there; tokens.txt beside them.
func ReadModel(folder string) (Model, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return Model{}, fault.Wrap(fault.NotFound, err, "there is no model folder %s", filepath.Base(folder))
	}
	m := Model{Name: filepath.Base(folder), Files: map[string]string{}}
	var weights []string
	for _, e := range entries {
		switch name := e.Name(); {
		case strings.HasSuffix(name, "tokens.txt"):
			m.Files["tokens"] = filepath.Join(folder, name)
		case strings.HasPrefix(name, "silero_vad"):
			m.VAD = filepath.Join(folder, name)
		case filepath.Ext(name) == ".onnx" || filepath.Ext(name) == ".ort":
			weights = append(weights, name)
		}
	}
	slices.SortFunc(weights, func(a, b string) int { // the small form first
		if x, y := strings.Contains(a, ".int8."), strings.Contains(b, ".int8."); x != y {
			if x {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	if m.VAD == "" {
		m.VAD = Detector(filepath.Dir(folder))
	}
	streaming := strings.Contains(m.Name, "streaming")
	for _, k := range kinds() {
		if k.online && !streaming || m.Files["tokens"] == "" {
			continue
		}
		if files, ok := k.match(folder, weights); ok {
			for name, path := range files {
				m.Files[name] = path
			}
			m.Family = k.family
			return m, nil
		}
	}
	return Model{}, fault.New(fault.NotFound, "the folder %s holds no model that is known: tokens.txt and the .onnx or .ort files of one", m.Name)
}

// Detector is the path of silero's voice activity detector that all models of a folder share, silero-vad/silero_vad.onnx; empty: it is not there.
func Detector(models string) string {
	path := filepath.Join(models, "silero-vad", "silero_vad.onnx")
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

// match finds each part among the weights.
func (k kind) match(folder string, weights []string) (map[string]string, bool) {
	files := map[string]string{}
	for _, p := range k.parts {
		i := slices.IndexFunc(weights, func(name string) bool {
			return strings.HasPrefix(name, p.prefix) || strings.Contains(name, "-"+p.prefix)
		})
		if i < 0 {
			return nil, false
		}
		files[p.name] = filepath.Join(folder, weights[i])
	}
	return files, true
}
