// The checks of the Go client, in order on one server. It says of each how it ended, and at last which methods none mentions.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
)

type check struct {
	name string
	run  func(*world)
}

func say(line map[string]any) {
	if err := json.NewEncoder(os.Stdout).Encode(line); err != nil {
		panic(err)
	}
}

// where is the place in these files that a panic came from.
func where() string {
	var places []string
	for _, line := range strings.Split(string(debug.Stack()), "\n") {
		if at := strings.LastIndex(line, "/go/"); at > 0 && strings.Contains(line, "/test/clients/go/") && !strings.Contains(line, "main.go") {
			places = append(places, strings.Fields(line[at+4:])[0])
		}
	}
	return strings.Join(places, " < ")
}

func try(w *world, c check) {
	line := map[string]any{"check": c.name}
	defer func() {
		if cause := recover(); cause != nil {
			line["error"] = fmt.Sprintf("%s: %v", where(), cause)
		}
		say(line)
	}()
	c.run(w)
}

func main() {
	w := newWorld()
	for _, part := range [][]check{first, mounting, logical, keyValues, tokens, operating, leases, keys, sealing} {
		for _, c := range part {
			try(w, c)
		}
	}
	say(map[string]any{"uncalled": uncalled()})
}
