// A step in Go: count the words of a file, and fail when they are too few. Build it with
// `go build -o words .`; a pipeline names the program by its path: Binary("bin/words").
package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// JUnit in the shape that every viewer understands: <testsuites> outside, the text inside <failure>.
type suites struct {
	XMLName xml.Name `xml:"testsuites"`
	Suite   suite    `xml:"testsuite"`
}

type suite struct {
	Name  string     `xml:"name,attr"`
	Cases []testcase `xml:"testcase"`
}

type testcase struct {
	Class   string  `xml:"classname,attr"`
	Name    string  `xml:"name,attr"`
	Seconds string  `xml:"time,attr"`
	Failure *string `xml:"failure"`
}

func main() {
	began := time.Now()
	flags := flag.NewFlagSet("words", flag.ContinueOnError)
	file := flags.String("file", "", "the file whose words are counted")
	least := flags.Int("least", 1, "how many words it has to hold")
	if err := flags.Parse(set(os.Args[1:])); errors.Is(err, flag.ErrHelp) {
		os.Exit(0)
	} else if err != nil {
		os.Exit(2) // it has been said
	} else if *file == "" || flags.NArg() > 0 {
		end(2, "usage: words --file=PATH [--least=N]")
	}

	text, err := os.ReadFile(*file)
	if err != nil {
		end(1, err.Error())
	}
	count := len(strings.Fields(string(text)))
	fmt.Printf("%s holds %d words\n", *file, count)

	check := testcase{Class: "words", Name: "enough words", Seconds: fmt.Sprintf("%.3f", time.Since(began).Seconds())}
	if count < *least {
		failure := fmt.Sprintf("%s holds %d words, and %d were wanted", *file, count, *least)
		check.Failure = &failure
	}
	report(check)
	if check.Failure != nil {
		end(1, *check.Failure)
	}
	give(map[string]string{"words": strconv.Itoa(count)})
}

// set is the flags that are given: a pipeline spells one that is not as `--least=`.
func set(words []string) []string {
	var kept []string
	for _, word := range words {
		if _, value, equals := strings.Cut(word, "="); value != "" || !equals {
			kept = append(kept, word)
		}
	}
	return kept
}

// give hands the outputs to the run; by hand there is none, so they are shown.
func give(outputs map[string]string) {
	target := os.Getenv("STEP_OUTPUTS")
	if target == "" {
		for name, value := range outputs {
			fmt.Printf("%s: %s\n", name, value)
		}
		return
	}
	text, _ := json.Marshal(outputs) // text in a map always has a spelling
	if err := os.WriteFile(target, text, 0o644); err != nil {
		end(1, err.Error())
	}
}

// report writes this step's own JUnit, named after the step, into the run's artifacts.
func report(check testcase) {
	folder, step := os.Getenv("ARTIFACTS"), os.Getenv("STEP_NAME")
	if folder == "" {
		return // by hand nobody reads it
	}
	file := filepath.Join(folder, "junit_"+strings.ReplaceAll(step, "_", "-")+".xml")
	text, err := xml.MarshalIndent(suites{Suite: suite{Name: step, Cases: []testcase{check}}}, "", "  ")
	if err == nil {
		err = os.WriteFile(file, append([]byte(xml.Header), text...), 0o644)
	}
	if err != nil {
		end(1, err.Error())
	}
}

func end(code int, why string) {
	fmt.Fprintln(os.Stderr, why)
	os.Exit(code)
}
