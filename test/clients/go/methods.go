package main

import (
	"embed"
	"reflect"
	"regexp"
	"sort"
	"strings"

	"github.com/openbao/openbao/api/v2"
)

//go:embed *.go
var sources embed.FS

// By the names that clients have in the checks.
var areas = map[string]reflect.Type{
	"sys":   reflect.TypeOf(&api.Sys{}),
	"logic": reflect.TypeOf(&api.Logical{}),
	"kv1":   reflect.TypeOf(&api.KVv1{}),
	"kv2":   reflect.TypeOf(&api.KVv2{}),
	"token": reflect.TypeOf(&api.TokenAuth{}),
}

// uncalled lists the methods that no check mentions. Of a pair with and without a context, which are one in the client, one is enough.
func uncalled() []string {
	var text strings.Builder
	entries, err := sources.ReadDir(".")
	must(err)
	for _, entry := range entries {
		source, err := sources.ReadFile(entry.Name())
		must(err)
		text.Write(source)
	}
	missing := []string{}
	for name, area := range areas {
		mentioned := map[string]bool{}
		for _, found := range regexp.MustCompile(`\b`+name+`\.([A-Z]\w*)`).FindAllStringSubmatch(text.String(), -1) {
			mentioned[strings.TrimSuffix(found[1], "WithContext")] = true
		}
		for i := range area.NumMethod() {
			if method := strings.TrimSuffix(area.Method(i).Name, "WithContext"); !mentioned[method] {
				mentioned[method] = true
				missing = append(missing, name+"."+method)
			}
		}
	}
	sort.Strings(missing)
	return missing
}
