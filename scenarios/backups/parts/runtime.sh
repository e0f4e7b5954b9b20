# The loop of a custom runtime: asks for an event, hands it to `handle`, sends what that prints.
# https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"

say_result() { # PATH: the standard input is sent
  curl -sS -o /dev/null -H "Content-Type: application/json" --data-binary @- "$api/$1"
}

while :; do
  answer=$(curl -sS -i "$api/next" | tr -d '\r') || exit 1
  request=$(printf '%s\n' "$answer" | sed -n 's/^lambda-runtime-aws-request-id: *//Ip')
  event=$(printf '%s\n' "$answer" | sed '1,/^$/d')
  if result=$(handle "$event"); then
    printf '%s' "$result" | say_result "$request/response"
  else
    printf '{"errorType": "BackupError", "errorMessage": "%s"}' "$result" | say_result "$request/error"
  fi
done
