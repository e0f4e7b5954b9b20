package shop;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Map;

/** A handler of each kind that AWS's client knows. */
public class Orders {
  public static class Order {
    private String id;
    private double price;
    private String note;

    public String getId() { return id; }
    public void setId(String id) { this.id = id; }
    public double getPrice() { return price; }
    public void setPrice(double price) { this.price = price; }
    public String getNote() { return note; }
    public void setNote(String note) { this.note = note; }
  }

  /** Plain methods. */
  public Order cheaper(Order order) {
    order.setPrice(order.getPrice() / 2);
    return order;
  }

  public String shout(String text) { return text.toUpperCase(); }

  public int count(List<Object> items, Context context) { return items.size(); }

  public static Map<String, Object> keys(Map<String, Object> event) { return Map.of("keys", event.size()); }

  public void nothing(Map<String, Object> event) {}

  public Object nulls(Map<String, Object> event) {
    Map<String, Object> found = new java.util.TreeMap<>(event);
    found.put("none", null);
    return found;
  }

  /** RequestHandler: no method is named. */
  public static class Typed implements RequestHandler<Order, String> {
    @Override
    public String handleRequest(Order order, Context context) {
      context.getLogger().log("logged by the context\n");
      return order.getId() + " of " + context.getFunctionName();
    }
  }

  /** Streams: bytes in, bytes out. */
  public static class Streamed implements RequestStreamHandler {
    @Override
    public void handleRequest(InputStream in, OutputStream out, Context context) throws IOException {
      out.write("{\"raw\": ".getBytes());
      in.transferTo(out);
      out.write('}');
    }
  }

  /** Where things are. */
  public Map<String, Object> place(Map<String, Object> event) throws Exception {
    String resource = "";
    try (InputStream in = Thread.currentThread().getContextClassLoader().getResourceAsStream("note.txt")) {
      if (in != null) resource = new String(in.readAllBytes(), "UTF-8");
    }
    String used;
    try {
      used = (String) Class.forName("layered.Library", true, getClass().getClassLoader()).getMethod("name").invoke(null);
    } catch (ClassNotFoundException e) {
      used = "no library";
    }
    return Map.of(
        "root", System.getenv("LAMBDA_TASK_ROOT"),
        "here", System.getProperty("user.dir"),
        "note", resource,
        "library", used,
        "heap", Runtime.getRuntime().maxMemory() / 1024 / 1024,
        "charset", java.nio.charset.Charset.defaultCharset().name(),
        "property", System.getProperty("shop.mode", "none"));
  }

  public Object fails(Map<String, Object> event) {
    throw new IllegalArgumentException("no such order: ü");
  }

  public Object exhausted(Map<String, Object> event) {
    throw new OutOfMemoryError("made up");
  }
}
