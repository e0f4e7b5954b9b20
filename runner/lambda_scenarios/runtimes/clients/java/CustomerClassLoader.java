package com.amazonaws.services.lambda.runtime.api.client;

import java.io.File;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.security.CodeSource;
import java.security.Permission;
import java.security.PermissionCollection;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Enumeration;
import java.util.List;

/**
 * What the function's classes are loaded by: takes the place of AWS's class of this name, and looks in the
 * same places in the same order. AWS's sorts by a comparator that Java has to write a class for at each start.
 */
class CustomerClassLoader extends URLClassLoader {
  CustomerClassLoader(String taskRoot, String optRoot, ClassLoader parent) throws MalformedURLException {
    super(urls(taskRoot, optRoot), parent);
  }

  private static URL[] urls(String taskRoot, String optRoot) throws MalformedURLException {
    List<URL> found = new ArrayList<>();
    found.add(url(taskRoot + "/"));
    for (String root : new String[] {taskRoot, optRoot}) {
      String[] names = new File(root, "lib").list();
      if (names != null) {
        Arrays.sort(names);
        for (String name : names) {
          if (name.endsWith(".jar") && name.length() > 4) {
            found.add(url(root + "/lib/" + name));
          }
        }
      }
    }
    return found.toArray(new URL[0]);
  }

  private static URL url(String path) throws MalformedURLException {
    return new URL("file", null, -1, path);
  }

  /** The permissions of code are found out when a security manager asks for them: few functions have one. */
  @Override
  protected PermissionCollection getPermissions(CodeSource source) {
    return new Deferred(source);
  }

  private final class Deferred extends PermissionCollection {
    private static final long serialVersionUID = 1;
    private final transient CodeSource source;
    private transient PermissionCollection found;

    Deferred(CodeSource source) {
      this.source = source;
    }

    private synchronized PermissionCollection found() {
      if (found == null) {
        found = CustomerClassLoader.super.getPermissions(source);
      }
      return found;
    }

    @Override
    public void add(Permission permission) {
      found().add(permission);
    }

    @Override
    public boolean implies(Permission permission) {
      return found().implies(permission);
    }

    @Override
    public Enumeration<Permission> elements() {
      return found().elements();
    }
  }

  /**
   * The loader of this class, for classes that it may have: to look for others in its jar, as AWS's does first
   * for each class of the function's, would open that.
   */
  static final class Parent extends ClassLoader {
    private final ClassLoader platform;

    Parent(ClassLoader system) {
      super(system);
      platform = system.getParent();
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (name.startsWith("com.amazonaws.") || name.startsWith("software.amazon.")) {
        return super.loadClass(name, resolve);
      }
      return platform.loadClass(name);
    }
  }
}
