package layered;

public class Library {
  public static String name() { return "the library"; }
}
