//go:build !linux

package main

import "errors"

func echo(string, bool) error {
	return errors.New("the measurement wants Linux: recvmmsg, /proc, taskset")
}
