//go:build tools

// Package tools keeps the program that is built as it is among the module's requirements.
package tools

import _ "github.com/projectcalico/calico/felix/cmd/calico-felix"
