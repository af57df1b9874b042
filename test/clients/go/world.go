package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"strings"

	"github.com/openbao/openbao/api/v2"
)

// world is where the server is, and what its initialization has answered.
type world struct {
	address, caFile, devices, serviceURL string
	shares                               []string
	rootToken                            string
}

type object = map[string]any

var ctx = context.Background()

func newWorld() *world {
	return &world{address: os.Getenv("ADDRESS"), caFile: os.Getenv("CA_FILE"), devices: os.Getenv("DEVICES"), serviceURL: os.Getenv("SERVICE_URL")}
}

// as makes a client with this token. It tries nothing again unless a check says so.
func (w *world) as(token string) *api.Client {
	config := api.NewConfig()
	config.Address = w.address
	config.MaxRetries = 0
	must(config.ConfigureTLS(&api.TLSConfig{CACert: w.caFile}))
	client, err := api.NewClient(config)
	must(err)
	client.SetToken(token)
	return client
}

func (w *world) root() *api.Client { return w.as(w.rootToken) }

// holding makes a token that has a policy of its own.
func (w *world) holding(name, rules string) string {
	root := w.root()
	must(root.Sys().PutPolicy(name, rules))
	return got(root.Auth().Token().Create(&api.TokenCreateRequest{Policies: []string{name}})).Auth.ClientToken
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func got[T any](value T, err error) T {
	must(err)
	return value
}

func that(holds bool, otherwise ...any) {
	if !holds {
		panic(fmt.Sprintf("does not hold: %+v", otherwise))
	}
}

func same(actual, expected any) {
	if !reflect.DeepEqual(actual, expected) && fmt.Sprint(actual) != fmt.Sprint(expected) {
		panic(fmt.Sprintf("%v instead of %v", actual, expected))
	}
}

// refused panics unless the server answered with this status, and words that are in its errors.
func refused(status int, words string, err error) {
	var response *api.ResponseError
	if !errors.As(err, &response) {
		panic(fmt.Sprintf("not refused: %v", err))
	}
	if response.StatusCode != status || !strings.Contains(strings.Join(response.Errors, " "), words) {
		panic(fmt.Sprintf("%d %v instead of %d %s", response.StatusCode, response.Errors, status, words))
	}
}

// of is the error of a call whose value does not matter.
func of[T any](_ T, err error) error { return err }

const (
	badRequest = http.StatusBadRequest
	forbidden  = http.StatusForbidden
	missing    = http.StatusNotFound
	wrongVerb  = http.StatusMethodNotAllowed
	sealed     = http.StatusServiceUnavailable
)
