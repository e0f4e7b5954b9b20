package com.amazonaws.services.lambda.runtime.api.client;

import com.amazonaws.services.lambda.runtime.LambdaLogger;
import com.amazonaws.services.lambda.runtime.LambdaRuntime;
import com.amazonaws.services.lambda.runtime.api.client.LambdaRequestHandler.UserFaultHandler;
import com.amazonaws.services.lambda.runtime.api.client.logging.LambdaContextLogger;
import com.amazonaws.services.lambda.runtime.api.client.logging.StdOutLogSink;
import com.amazonaws.services.lambda.runtime.api.client.runtimeapi.LambdaError;
import com.amazonaws.services.lambda.runtime.api.client.runtimeapi.RapidErrorType;
import com.amazonaws.services.lambda.runtime.api.client.runtimeapi.converters.LambdaErrorConverter;
import com.amazonaws.services.lambda.runtime.api.client.runtimeapi.converters.XRayErrorCauseConverter;
import com.amazonaws.services.lambda.runtime.api.client.runtimeapi.dto.InvocationRequest;
import com.amazonaws.services.lambda.runtime.api.client.util.LambdaOutputStream;
import com.amazonaws.services.lambda.runtime.api.client.util.UnsafeUtil;
import com.amazonaws.services.lambda.runtime.logging.LogFormat;
import com.amazonaws.services.lambda.runtime.logging.LogLevel;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.FileInputStream;
import java.io.IOError;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.net.URLClassLoader;
import java.security.Security;
import java.util.Properties;

/**
 * Takes the place of the class of this name in AWS's client, and does what it does: loads the handler, and
 * serves invocations until something ends it. Handlers, events, results and errors are the matter of AWS's
 * own classes (EventHandlerLoader and what it needs).
 *
 * <p>What differs: the Runtime API is spoken in Java (RuntimeApi.java) instead of by a library for Linux;
 * what only later use needs is left for then; and the first invocation is asked for as soon as the function's
 * own code is loaded, before AWS's serialisers are made, which take longer than Java's own start.
 *
 * <p>https://github.com/aws/aws-lambda-java-libs, aws-lambda-java-runtime-interface-client 2.10.1. Left out:
 * SnapStart, several invocations at once, telemetry on a descriptor of its own.
 */
public class AWSLambda {
  private static final String TRACE = "com.amazonaws.xray.traceHeader";
  private static final String SERIALIZER =
      "META-INF/services/com.amazonaws.services.lambda.runtime.CustomPojoSerializer";

  private static URLClassLoader customerClassLoader;
  private static RuntimeApi api;
  private static boolean constructing;

  public static void main(String[] args) throws Throwable {
    api = new RuntimeApi(LambdaEnvironment.RUNTIME_API);
    api.connectMeanwhile();
    configureSecurity();
    LambdaContextLogger logger =
        new LambdaContextLogger(
            new StdOutLogSink(),
            LogLevel.fromString(LambdaEnvironment.LAMBDA_LOG_LEVEL),
            LogFormat.fromString(LambdaEnvironment.LAMBDA_LOG_FORMAT));
    serve(load(args[0], logger), logger);
  }

  /**
   * Asked for by AWS's classes. The first time is when they look for a serialiser of the function's own: its
   * class is loaded and constructed by then, and nothing that fails now is told before an invocation.
   */
  protected static URLClassLoader getCustomerClassLoader() {
    if (constructing) {
      constructing = false;
      if (customerClassLoader.findResource(SERIALIZER) == null) {
        try {
          api.ask();
        } catch (IOException e) {
          throw new IOError(e);
        }
      }
    }
    return customerClassLoader;
  }

  private static LambdaRequestHandler load(String handler, LambdaContextLogger logger) throws Exception {
    if (isBefore17()) {
      UnsafeUtil.disableIllegalAccessWarning();
    }
    System.setOut(new PrintStream(new LambdaOutputStream(System.out), false, "UTF-8"));
    System.setErr(new PrintStream(new LambdaOutputStream(System.err), false, "UTF-8"));
    Field global = LambdaRuntime.class.getDeclaredField("logger");
    global.setAccessible(true);
    global.set(null, (LambdaLogger) logger);
    ClassLoader system = ClassLoader.getSystemClassLoader();
    // An agent of the options' adds classes of its own to it.
    ClassLoader parent = withOptions() ? system : new CustomerClassLoader.Parent(system);
    customerClassLoader = new CustomerClassLoader(System.getProperty("user.dir"), "/opt/java", parent);
    Thread.currentThread().setContextClassLoader(customerClassLoader);
    try {
      return find(handler);
    } catch (UserFault fault) {
      log(logger, fault);
      api.failInit(new LambdaError(LambdaErrorConverter.fromUserFault(fault), RapidErrorType.BadFunctionCode));
      System.exit(1);
      return null;
    }
  }

  private static boolean withOptions() {
    return System.getenv("JAVA_TOOL_OPTIONS") != null || System.getenv("JDK_JAVA_OPTIONS") != null;
  }

  private static boolean isBefore17() {
    String version = System.getProperty("java.specification.version");
    return version.startsWith("1.") || Integer.parseInt(version) < 17;
  }

  private static LambdaRequestHandler find(String handler) {
    HandlerInfo info;
    try {
      info = HandlerInfo.fromString(handler, customerClassLoader);
    } catch (HandlerInfo.InvalidHandlerException e) {
      return new UserFaultHandler(UserFault.makeUserFault("Invalid handler: `" + handler + "'"));
    } catch (ClassNotFoundException e) {
      return LambdaRequestHandler.classNotFound(e, HandlerInfo.className(handler));
    } catch (NoClassDefFoundError e) {
      return LambdaRequestHandler.initErrorHandler(e, HandlerInfo.className(handler));
    } catch (Throwable t) {
      throw UserFault.makeInitErrorUserFault(t, HandlerInfo.className(handler));
    }
    constructing = true;
    LambdaRequestHandler found = EventHandlerLoader.loadEventHandler(info);
    constructing = false;
    if (found instanceof UserFaultHandler && ((UserFaultHandler) found).fault.fatal) {
      throw ((UserFaultHandler) found).fault;
    }
    return found;
  }

  private static void serve(LambdaRequestHandler handler, LambdaContextLogger logger) throws Throwable {
    boolean last = false;
    while (!last) {
      InvocationRequest request = api.next();
      if (request.getXrayTraceId() == null) {
        System.clearProperty(TRACE);
      } else {
        System.setProperty(TRACE, request.getXrayTraceId());
      }
      UserFault fault = null;
      try {
        ByteArrayOutputStream result = handler.call(request);
        api.succeed(request.getId(), result);
        Thread.interrupted(); // the function may have set it
      } catch (Throwable t) {
        UserFault.filterStackTrace(t);
        fault = UserFault.makeUserFault(t);
        last = t instanceof VirtualMachineError || t instanceof IOError || fault.fatal;
        // Logged first, unlike AWS's: what is written after the answer may be taken for the next one's.
        log(logger, fault);
        api.fail(request.getId(), error(t));
      }
    }
  }

  private static LambdaError error(Throwable t) {
    if (t instanceof UserFault) {
      return new LambdaError(
          LambdaErrorConverter.fromUserFault((UserFault) t), RapidErrorType.BadFunctionCode);
    }
    return new LambdaError(
        LambdaErrorConverter.fromThrowable(t),
        XRayErrorCauseConverter.fromThrowable(t),
        RapidErrorType.UserException);
  }

  private static void log(LambdaContextLogger logger, UserFault fault) {
    logger.log(
        fault.reportableError(),
        logger.getLogFormat() == LogFormat.JSON ? LogLevel.ERROR : LogLevel.UNDEFINED);
  }

  /**
   * The security properties that AWS's client sets. To set them loads java.security, and a logger with it, a
   * third of Java's own start: a file of them is read when they are first needed, where nothing can have
   * loaded it before.
   */
  private static void configureSecurity() {
    if (System.getProperty("javax.net.ssl.trustStore") == null) {
      File certificates = new File("/etc/pki/java/cacerts");
      if (certificates.isFile()) {
        System.setProperty("javax.net.ssl.trustStore", certificates.getPath());
      }
    }
    String own = System.getProperty("java.security.properties");
    String seconds = System.getenv("AWS_LAMBDA_JAVA_NETWORKADDRESS_CACHE_NEGATIVE_TTL");
    if (own == null && seconds == null && !withOptions()) {
      File file = new File(System.getProperty("java.class.path"));
      System.setProperty("java.security.properties", new File(file.getParent(), "java.security").getPath());
      return;
    }
    Security.setProperty(
        "jdk.tls.disabledAlgorithms",
        "SSLv3, RC4, MD5withRSA, DH keySize < 1024, EC keySize < 224, DES40_CBC, RC4_40, 3DES_EDE_CBC");
    Properties given = new Properties();
    if (own != null) {
      try (FileInputStream stream = new FileInputStream(own)) {
        given.load(stream);
      } catch (IOException e) {
        given.clear();
      }
    }
    if (!given.containsKey("networkaddress.cache.negative.ttl")) {
      Security.setProperty("networkaddress.cache.negative.ttl", seconds == null ? "1" : seconds);
    }
  }
}
