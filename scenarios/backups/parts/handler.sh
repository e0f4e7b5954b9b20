# Which backups are older than those that are to be kept: the newest `keep` stay.
handle() { # EVENT
  keep=$(printf '%s' "$1" | sed -n 's/.*"keep": *\([0-9]*\).*/\1/p')
  if [ -z "$keep" ]; then
    printf 'keep is missing'
    return 1
  fi
  names=$(printf '%s' "$1" | grep -o '"[a-z]*-[0-9-]*\.dump"' | sort -r)
  old=$(printf '%s\n' "$names" | tail -n "+$((keep + 1))" | paste -sd, -)
  echo "keeping $keep of $(printf '%s\n' "$names" | grep -c .)" >&2
  printf '{"remove": [%s], "function": "%s"}' "$old" "$AWS_LAMBDA_FUNCTION_NAME"
}
