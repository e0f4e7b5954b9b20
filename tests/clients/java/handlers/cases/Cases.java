package cases;

import com.amazonaws.services.lambda.runtime.ClientContext;
import com.amazonaws.services.lambda.runtime.CognitoIdentity;
import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.LambdaRuntime;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import com.amazonaws.services.lambda.runtime.logging.LogLevel;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.security.Security;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What two starts of AWS's client are compared by. */
public class Cases {
  public static class Bean {
    private String name;
    private Instant when;
    private Date date;
    private Optional<String> maybe = Optional.empty();
    private List<Double> numbers;

    public String getName() { return name; }
    public void setName(String name) { this.name = name; }
    public Instant getWhen() { return when; }
    public void setWhen(Instant when) { this.when = when; }
    public Date getDate() { return date; }
    public void setDate(Date date) { this.date = date; }
    public Optional<String> getMaybe() { return maybe; }
    public void setMaybe(Optional<String> maybe) { this.maybe = maybe; }
    public List<Double> getNumbers() { return numbers; }
    public void setNumbers(List<Double> numbers) { this.numbers = numbers; }
  }

  public Bean bean(Bean bean) { return bean; }

  public Object map(Map<String, Object> event) { return event; }

  public String text(String event) { return event; }

  public Object nothing() { return Arrays.asList(1, null, "ü €"); }

  public Object context(Map<String, Object> event, Context context) {
    Map<String, Object> found = new LinkedHashMap<>();
    found.put("id", context.getAwsRequestId());
    found.put("arn", context.getInvokedFunctionArn());
    found.put("version", context.getFunctionVersion());
    found.put("memory", context.getMemoryLimitInMB());
    found.put("group", context.getLogGroupName());
    found.put("stream", context.getLogStreamName());
    found.put("name", context.getFunctionName());
    found.put("remains", context.getRemainingTimeInMillis() > 1_000_000);
    found.put("trace", System.getProperty("com.amazonaws.xray.traceHeader"));
    CognitoIdentity identity = context.getIdentity();
    found.put("identity", identity == null ? null : identity.getIdentityId() + identity.getIdentityPoolId());
    ClientContext client = context.getClientContext();
    found.put("client", client == null ? null : client.getEnvironment() + "" + client.getCustom());
    return found;
  }

  public Object logs(Map<String, Object> event, Context context) {
    context.getLogger().log("plain\n");
    context.getLogger().log("a warning\n", LogLevel.WARN);
    context.getLogger().log("for debugging\n", LogLevel.DEBUG);
    context.getLogger().log("bytes\n".getBytes());
    LambdaRuntime.getLogger().log("by all\n");
    System.out.println("ü €");
    System.err.print("no line's end");
    return null;
  }

  public Object nested(Map<String, Object> event) {
    IllegalStateException error = new IllegalStateException(new IOException("below: ü"));
    error.addSuppressed(new IllegalArgumentException("beside"));
    throw error;
  }

  public Object messageless(Map<String, Object> event) { throw new UnsupportedOperationException(); }

  public Object deep(Map<String, Object> event) { return deep(event); }

  public Object unserialisable(Map<String, Object> event) { return new Object() { public Object getSelf() { return this; } }; }

  public Object interrupted(Map<String, Object> event) {
    boolean before = Thread.currentThread().isInterrupted();
    Thread.currentThread().interrupt();
    return before;
  }

  public Object machine(Map<String, Object> event) {
    throw new InternalError("an error of the machine's");
  }

  public Object input(Map<String, Object> event) {
    throw new java.io.IOError(new IOException("gone"));
  }

  public Object settings(Map<String, Object> event) throws Exception {
    Map<String, Object> found = new LinkedHashMap<>();
    found.put("ciphers", Security.getProperty("jdk.tls.disabledAlgorithms"));
    found.put("negative", Security.getProperty("networkaddress.cache.negative.ttl"));
    found.put("trust", System.getProperty("javax.net.ssl.trustStore"));
    found.put("loader", Thread.currentThread().getContextClassLoader().getClass().getName());
    found.put("own", getClass().getClassLoader() == Thread.currentThread().getContextClassLoader());
    found.put("permissions", getClass().getProtectionDomain().getPermissions().elements().hasMoreElements());
    found.put("thread", Thread.currentThread().getName());
    // Opened by the options that Lambda gives.
    java.io.FileDescriptor.class.getDeclaredField("fd").setAccessible(true);
    return found;
  }

  public Object lacking(Lacking event) { return event.getPart(); }

  public static class Lacking {
    private Part part;

    public Part getPart() { return part; }
    public void setPart(Part part) { this.part = part; }
  }

  public static class Part {
    public String name;
  }

  public static class Typed implements RequestHandler<List<Integer>, Map<String, Integer>> {
    public Map<String, Integer> handleRequest(List<Integer> event, Context context) {
      Map<String, Integer> found = new LinkedHashMap<>();
      found.put("sum", event.stream().mapToInt(Integer::intValue).sum());
      return found;
    }
  }

  @SuppressWarnings("rawtypes")
  public static class Raw implements RequestHandler {
    public Object handleRequest(Object event, Context context) { return event; }
  }

  public static class Streamed implements RequestStreamHandler {
    public void handleRequest(InputStream in, OutputStream out, Context context) throws IOException {
      byte[] buffer = new byte[64];
      for (int read; (read = in.read(buffer)) > 0; ) out.write(buffer, 0, read);
    }
  }

  public static class FailsToLoad {
    static {
      if (true) throw new IllegalStateException("no use: ü");
    }

    public Object handle(Map<String, Object> event) { return event; }
  }

  public static class FailsToConstruct {
    public FailsToConstruct() { throw new IllegalStateException("no use either"); }

    public Object handle(Map<String, Object> event) { return event; }
  }

  public static class Exits {
    public Exits() { System.exit(7); }

    public Object handle(Map<String, Object> event) { return event; }
  }

  public static class NoConstructor {
    public NoConstructor(int number) {}

    public Object handle(Map<String, Object> event) { return event; }
  }
}
