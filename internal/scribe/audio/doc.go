// SPDX-License-Identifier: Apache-2.0

// Package audio turns what a client streams into what recognisers take: 16-bit samples at 16 kHz, a slice a channel.
//
// A Decoder takes PCM (16-bit, little-endian, channels interleaved) or FLAC in pieces of any size, cut anywhere, and gives samples as soon as
// they are there. A Resampler changes the rate of one channel; a Detector tells speech from silence by energy.
// None of them is safe for concurrent use. Memory does not grow with the length of the audio.
package audio
