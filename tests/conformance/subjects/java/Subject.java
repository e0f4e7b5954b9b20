import com.amazonaws.services.lambda.runtime.Context;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The subject of the conformance suite, through AWS's own client for Java. */
public class Subject {
  static class ShopError extends Exception {
    ShopError(String message) {
      super(message);
    }
  }

  private int count = 0;

  public Subject() {
    System.out.println("loading on stdout");
    System.err.println("loading on stderr");
    String fail = System.getenv("FAIL_INIT");
    if ("raise".equals(fail)) throw new IllegalStateException("no use");
    if ("exit".equals(fail)) System.exit(9);
  }

  public Object handle(Map<String, Object> event, Context context) throws Exception {
    count++;
    String what = (String) event.get("do");
    switch (what) {
      case "echo":
        return event.get("value");
      case "nothing":
        return null;
      case "raise":
        throw new ShopError("no such order: ü €");
      case "exit":
        System.exit(((Number) event.get("status")).intValue());
        return null;
      case "kill":
      case "segfault":
        String signal = what.equals("kill") ? "-KILL" : "-SEGV";
        new ProcessBuilder("kill", signal, String.valueOf(process())).start().waitFor();
        Thread.sleep(60_000);
        return null;
      case "wait":
        System.out.println("waiting");
        Thread.sleep(60_000);
        return null;
      case "large":
        return "x".repeat(((Number) event.get("size")).intValue());
      case "log":
        System.out.println("first");
        System.err.println("second");
        System.out.println("third: ü €");
        System.out.println("{\"level\": \"info\", \"order\": \"o-17\"}");
        return null;
      case "context":
        return told(context);
      case "env":
        Map<String, Object> found = new LinkedHashMap<>();
        for (Object name : (List<?>) event.get("names")) found.put((String) name, System.getenv((String) name));
        return found;
      default:
        return new TreeMap<>(Map.of("count", count, "process", process()));
    }
  }

  private static long process() {
    return ProcessHandle.current().pid();
  }

  private static Map<String, Object> told(Context context) {
    Map<String, Object> found = new LinkedHashMap<>();
    found.put("request_id", context.getAwsRequestId());
    found.put("function_name", context.getFunctionName());
    found.put("arn", context.getInvokedFunctionArn());
    found.put("memory", context.getMemoryLimitInMB());
    found.put("log_group", context.getLogGroupName());
    found.put("log_stream", context.getLogStreamName());
    found.put("version", context.getFunctionVersion());
    found.put("remaining", context.getRemainingTimeInMillis());
    return found;
  }
}
