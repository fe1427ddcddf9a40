// SPDX-License-Identifier: Apache-2.0

// Package protocoltest reads the public test cases of the AWS protocols, which lie beside the repository, and
// compares what a server of ours reads and writes with what they say. Only tests of the protocols call it.
package protocoltest
