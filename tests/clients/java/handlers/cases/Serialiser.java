package cases;

import com.amazonaws.services.lambda.runtime.CustomPojoSerializer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.Type;

/** A serialiser of the function's own; which one is used, META-INF/services says. */
public class Serialiser implements CustomPojoSerializer {
  public Serialiser() {
    System.out.println("a serialiser is made");
    if (System.getenv("FAIL_SERIALISER") != null) throw new IllegalStateException("no serialiser");
  }

  @SuppressWarnings("unchecked")
  public <T> T fromJson(InputStream input, Type type) {
    return (T) new java.util.TreeMap<>(java.util.Collections.singletonMap("own", type.getTypeName()));
  }

  @SuppressWarnings("unchecked")
  public <T> T fromJson(String input, Type type) {
    return (T) input;
  }

  public <T> void toJson(T value, OutputStream output, Type type) {
    try {
      output.write(("{\"own\": \"" + value + "\"}").getBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
