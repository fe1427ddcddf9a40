// SPDX-License-Identifier: Apache-2.0

// Command galen-asr hears one channel of speech with a model of sherpa-onnx, and is started by galen.
//
// It reads samples from its standard input (16-bit, little-endian, 16 kHz, one channel) and prints a line of JSON for each
// result, partial and final, as sherpa.Line says. When its input ends it hears the rest and ends.
package main
