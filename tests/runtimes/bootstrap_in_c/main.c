/* A custom runtime with plain sockets: counts, and says where it was started. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int api(const char *request, char *answer, size_t size) {
  char host[64];
  snprintf(host, sizeof host, "%s", getenv("AWS_LAMBDA_RUNTIME_API"));
  char *port = strchr(host, ':');
  *port++ = 0;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};
  inet_pton(AF_INET, host, &to.sin_addr);
  int s = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(s, (struct sockaddr *)&to, sizeof to)) exit(1);
  write(s, request, strlen(request));
  size_t got = 0;
  char *body = 0;
  for (;;) {
    ssize_t n = read(s, answer + got, size - got - 1);
    if (n <= 0) exit(2);
    answer[got += n] = 0;
    char *length = strcasestr(answer, "content-length:");
    if ((body = strstr(answer, "\r\n\r\n")) && got >= (body + 4 - answer) + strtoul(length + 15, 0, 10)) break;
  }
  close(s);
  return body + 4 - answer;
}

int main(void) {
  static char answer[65536], request[65536];
  for (int count = 1;; count++) {
    int at = api("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: l\r\n\r\n", answer, sizeof answer);
    char id[64] = "";
    sscanf(strcasestr(answer, "aws-request-id:") + 15, "%63s", id);
    printf("in C: %s\n", answer + at);
    fflush(stdout);
    char body[512];
    char here[256];
    snprintf(body, sizeof body, "{\"count\": %d, \"here\": \"%s\"}", count, strrchr(getcwd(here, sizeof here), '/'));
    snprintf(request, sizeof request,
             "POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\nHost: l\r\nContent-Length: %zu\r\n\r\n%s",
             id, strlen(body), body);
    api(request, answer, sizeof answer);
  }
}
