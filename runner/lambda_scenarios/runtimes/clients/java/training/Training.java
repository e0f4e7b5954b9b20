import com.amazonaws.services.lambda.runtime.Context;
import java.util.List;
import java.util.Map;

/** A function that shows Java which classes a worker needs, before they are put into an archive. */
public class Training {
  public static class Order {
    private String id;
    private double price;
    private List<Object> items;
    private Map<String, Object> more;

    public String getId() { return id; }
    public void setId(String id) { this.id = id; }
    public double getPrice() { return price; }
    public void setPrice(double price) { this.price = price; }
    public List<Object> getItems() { return items; }
    public void setItems(List<Object> items) { this.items = items; }
    public Map<String, Object> getMore() { return more; }
    public void setMore(Map<String, Object> more) { this.more = more; }
  }

  public Order handle(Order order, Context context) {
    context.getLogger().log(order.getId());
    System.out.println(order.getItems());
    if (order.getId().equals("fail")) throw new IllegalStateException("made up");
    if (order.getId().equals("exit")) System.exit(0);
    return order;
  }
}
