// The subject of the conformance suite as a custom runtime, through AWS's own library for Go.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type event struct {
	Do     string          `json:"do"`
	Value  json.RawMessage `json:"value"`
	Status int             `json:"status"`
	Size   int             `json:"size"`
	Names  []string        `json:"names"`
}

type ShopError struct{ order string }

func (e *ShopError) Error() string { return "no such order: " + e.order }

var count = 0

func handle(ctx context.Context, in event) (any, error) {
	count++
	switch in.Do {
	case "echo":
		return in.Value, nil
	case "nothing":
		return nil, nil
	case "raise":
		return nil, &ShopError{"ü €"}
	case "exit":
		os.Exit(in.Status)
	case "kill":
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	case "segfault":
		syscall.Kill(os.Getpid(), syscall.SIGSEGV)
		time.Sleep(time.Minute)
	case "wait":
		fmt.Println("waiting")
		time.Sleep(time.Minute)
	case "large":
		return strings.Repeat("x", in.Size), nil
	case "log":
		fmt.Println("first")
		fmt.Fprintln(os.Stderr, "second")
		fmt.Println("third: ü €")
		fmt.Println(`{"level": "info", "order": "o-17"}`)
		return nil, nil
	case "context":
		lc, _ := lambdacontext.FromContext(ctx)
		deadline, _ := ctx.Deadline()
		return map[string]any{
			"request_id":    lc.AwsRequestID,
			"function_name": lambdacontext.FunctionName,
			"arn":           lc.InvokedFunctionArn,
			"memory":        lambdacontext.MemoryLimitInMB,
			"log_group":     lambdacontext.LogGroupName,
			"log_stream":    lambdacontext.LogStreamName,
			"version":       lambdacontext.FunctionVersion,
			"remaining":     time.Until(deadline).Milliseconds(),
		}, nil
	case "env":
		found := map[string]any{}
		for _, name := range in.Names {
			found[name] = nil
			if value, set := os.LookupEnv(name); set {
				found[name] = value
			}
		}
		return found, nil
	}
	return map[string]int{"count": count, "process": os.Getpid()}, nil
}

func main() {
	fmt.Println("loading on stdout")
	fmt.Fprintln(os.Stderr, "loading on stderr")
	if os.Getenv("FAIL_INIT") == "exit" {
		os.Exit(9)
	}
	lambda.Start(handle)
}
