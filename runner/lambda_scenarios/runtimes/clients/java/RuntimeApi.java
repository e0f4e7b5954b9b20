package com.amazonaws.services.lambda.runtime.api.client;

import com.amazonaws.services.lambda.runtime.api.client.runtimeapi.DtoSerializers;
import com.amazonaws.services.lambda.runtime.api.client.runtimeapi.LambdaError;
import com.amazonaws.services.lambda.runtime.api.client.runtimeapi.LambdaRuntimeClientException;
import com.amazonaws.services.lambda.runtime.api.client.runtimeapi.dto.InvocationRequest;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;

/**
 * The Runtime API over one connection: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html. Java's
 * own HTTP clients would take longer to load than all else here.
 */
final class RuntimeApi implements Runnable {
  private static final String PATH = "/2018-06-01/runtime/";
  private static final int CAUSE_LIMIT = 1024 * 1024; // bytes of a header, as AWS's client has it

  private static final int LARGE = 64 * 1024; // bytes

  private final String host;
  private final int port;
  private Thread connecting;
  private IOException failure;
  private Socket socket;
  private OutputStream out;
  private InputStream in;
  private boolean asked;
  private long began; // System.nanoTime() at which the handler was called

  // Of the answer at hand.
  private int status;
  private byte[] body;
  private InvocationRequest request;
  private String remaining;

  // What has been read and not used.
  private final byte[] buffer = new byte[16 * 1024];
  private int position;
  private int limit;

  RuntimeApi(String address) {
    int colon = address.lastIndexOf(':');
    host = colon < 0 ? address : address.substring(0, colon);
    port = colon < 0 ? 80 : Integer.parseInt(address.substring(colon + 1));
  }

  /** Connects while the function is loaded: for Java that is no small matter. */
  void connectMeanwhile() {
    connecting = new Thread(this, "Runtime API");
    connecting.setDaemon(true);
    connecting.start();
  }

  @Override
  public void run() {
    try {
      connect();
    } catch (IOException e) {
      failure = e;
    }
  }

  private void connect() throws IOException {
    // Whatever proxy the function is given, this isn't for it.
    Socket connected = new Socket(Proxy.NO_PROXY);
    connected.connect(new InetSocketAddress(InetAddress.getByName(host), port));
    connected.setTcpNoDelay(true);
    out = connected.getOutputStream();
    in = connected.getInputStream();
    position = limit = 0;
    socket = connected;
  }

  private void connected() throws IOException {
    if (connecting != null) {
      boolean interrupted = false;
      while (connecting.isAlive()) {
        try {
          connecting.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      connecting = null;
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
      if (failure != null) {
        throw failure;
      }
    }
    if (socket == null) {
      connect();
    }
  }

  /** Asks for the next invocation, and doesn't wait for it. */
  void ask() throws IOException {
    send("GET", "invocation/next", "", null);
    asked = true;
  }

  InvocationRequest next() throws IOException {
    if (!asked) {
      ask();
    }
    asked = false;
    request = new InvocationRequest();
    remaining = null;
    receive();
    if (status != 200) {
      throw new LambdaRuntimeClientException("Failed to get next.", status);
    }
    request.setContent(body);
    if (remaining != null) {
      // It may have waited for this side since the deadline was reckoned.
      request.setDeadlineTimeInMs(System.currentTimeMillis() + (long) Double.parseDouble(remaining));
    }
    began = System.nanoTime();
    return request;
  }

  void succeed(String id, ByteArrayOutputStream result) throws IOException {
    send("POST", "invocation/" + id + "/response", took(), result.toByteArray());
    receive();
    if (status != 202) {
      throw new LambdaRuntimeClientException("Failed to post invocation response.", status);
    }
  }

  void fail(String id, LambdaError error) throws IOException {
    report("invocation/" + id + "/error", error, took());
  }

  void failInit(LambdaError error) throws IOException {
    report("init/error", error, "");
  }

  private void report(String path, LambdaError error, String headers) throws IOException {
    StringBuilder all = new StringBuilder(headers);
    all.append("Lambda-Runtime-Function-Error-Type: ").append(error.errorType.getRapidError()).append("\r\n");
    if (error.xRayErrorCause != null) {
      byte[] cause = DtoSerializers.serialize(error.xRayErrorCause);
      if (cause != null && cause.length < CAUSE_LIMIT) {
        all.append("Lambda-Runtime-Function-XRay-Error-Cause: ");
        all.append(new String(cause, StandardCharsets.UTF_8)).append("\r\n");
      }
    }
    send("POST", path, all.toString(), DtoSerializers.serialize(error.errorRequest));
    receive();
    if (status != 202) {
      throw new LambdaRuntimeClientException("http://" + host + ":" + port + PATH + path, status);
    }
  }

  private String took() {
    return "Lambda-Scenarios-Duration-Us: " + (System.nanoTime() - began) / 1000 + "\r\n";
  }

  private void send(String method, String path, String headers, byte[] content) throws IOException {
    connected();
    StringBuilder head = new StringBuilder(256).append(method).append(' ').append(PATH).append(path);
    head.append(" HTTP/1.1\r\nHost: ").append(host).append(':').append(port).append("\r\n").append(headers);
    int length = content == null ? 0 : content.length;
    if (content != null) {
      head.append("Content-Type: application/json\r\nContent-Length: ").append(length).append("\r\n");
    }
    byte[] first = head.append("\r\n").toString().getBytes(StandardCharsets.UTF_8);
    if (length > LARGE) { // not held twice: the function may have left little memory
      out.write(first);
      out.write(content);
      return;
    }
    byte[] whole = Arrays.copyOf(first, first.length + length);
    if (content != null) {
      System.arraycopy(content, 0, whole, first.length, length);
    }
    out.write(whole);
  }

  private void receive() throws IOException {
    String line = line();
    status = Integer.parseInt(line.substring(9, 12));
    int length = 0;
    boolean chunked = false;
    boolean closes = false;
    while (!(line = line()).isEmpty()) {
      int colon = line.indexOf(':');
      String value = line.substring(colon + 1).trim();
      switch (line.substring(0, colon).toLowerCase(Locale.ROOT)) {
        case "content-length":
          length = Integer.parseInt(value);
          break;
        case "transfer-encoding":
          chunked = value.equalsIgnoreCase("chunked");
          break;
        case "connection":
          closes = value.equalsIgnoreCase("close");
          break;
        default:
          take(line.substring(0, colon), value);
      }
    }
    body = chunked ? chunks() : bytes(length);
    if (closes) {
      socket.close();
      socket = null;
    }
  }

  private void take(String name, String value) {
    if (request == null || value.isEmpty()) {
      return;
    }
    switch (name.toLowerCase(Locale.ROOT)) {
      case "lambda-runtime-aws-request-id":
        request.setId(value);
        break;
      case "lambda-runtime-deadline-ms":
        request.setDeadlineTimeInMs(Long.parseLong(value));
        break;
      case "lambda-scenarios-remaining-ms":
        remaining = value;
        break;
      case "lambda-runtime-invoked-function-arn":
        request.setInvokedFunctionArn(value);
        break;
      case "lambda-runtime-trace-id":
        request.setXrayTraceId(value);
        break;
      case "lambda-runtime-client-context":
        request.setClientContext(value);
        break;
      case "lambda-runtime-cognito-identity":
        request.setCognitoIdentity(value);
        break;
      case "lambda-runtime-aws-tenant-id":
        request.setTenantId(value);
        break;
      default:
    }
  }

  private byte[] chunks() throws IOException {
    ByteArrayOutputStream whole = new ByteArrayOutputStream();
    for (; ; ) {
      String size = line();
      int extension = size.indexOf(';');
      int length = Integer.parseInt((extension < 0 ? size : size.substring(0, extension)).trim(), 16);
      if (length == 0) {
        while (!line().isEmpty()) {}
        return whole.toByteArray();
      }
      whole.write(bytes(length));
      line();
    }
  }

  private byte[] bytes(int length) throws IOException {
    byte[] found = new byte[length];
    int done = Math.min(length, limit - position);
    System.arraycopy(buffer, position, found, 0, done);
    position += done;
    while (done < length) {
      int read = in.read(found, done, length - done);
      if (read < 0) {
        throw new EOFException("the Runtime API has closed the connection");
      }
      done += read;
    }
    return found;
  }

  /** A line without its end. */
  private String line() throws IOException {
    ByteArrayOutputStream longer = null;
    for (; ; ) {
      for (int at = position; at < limit; at++) {
        if (buffer[at] == '\n') {
          int end = at > position && buffer[at - 1] == '\r' ? at - 1 : at;
          String last = new String(buffer, position, end - position, StandardCharsets.UTF_8);
          if (longer != null) {
            longer.write(buffer, position, at - position);
            last = new String(longer.toByteArray(), StandardCharsets.UTF_8);
            last = last.endsWith("\r") ? last.substring(0, last.length() - 1) : last;
          }
          position = at + 1;
          return last;
        }
      }
      if (position < limit) {
        longer = longer == null ? new ByteArrayOutputStream() : longer;
        longer.write(buffer, position, limit - position);
      }
      position = 0;
      limit = Math.max(0, in.read(buffer));
      if (limit == 0) {
        throw new EOFException("the Runtime API has closed the connection");
      }
    }
  }
}
