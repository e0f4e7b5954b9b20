# frozen_string_literal: true

# The runtime interface client for Ruby 2.5 and later: `ruby ruby_client.rb CREDITS NONCE`.
#
# It loads the handler that `_HANDLER` names, serves it with invocations from the Lambda Runtime API, and
# behaves towards the user's code as AWS's own client does (aws_lambda_ric 3.1; the file that each part
# follows is named beside it). What it says to the runner is written down in ARCHITECTURE.md, "Runtime clients".
# Top to bottom: what is loaded, protocol, context, marshalling, errors, logging, loading, the loop.
#
# Standard library only. What AWS's client has loaded before the user's code, user code may rely on without a
# `require`; the part of it that takes half as long to load as Ruby itself is loaded when it is used.

require 'json'
require 'logger'
require 'socket'
require 'stringio'
require 'time'

autoload :Net, File.join(RbConfig::CONFIG['rubylibdir'], 'net', 'http.rb')
autoload :URI, File.join(RbConfig::CONFIG['rubylibdir'], 'uri.rb')

module Kernel
  # Replaced by that of `uri`, which this loads.
  def URI(text) # rubocop:disable Naming/MethodName
    URI.name
    URI(text)
  end
  private :URI
end

# With GEM_PATH set, gems that are installed on this machine would be out of sight; Lambda's has those of the
# runtime in it.
if defined?(Gem) && ENV['GEM_PATH']
  Gem.use_paths(nil, ENV['GEM_PATH'].split(File::PATH_SEPARATOR) | Gem.default_path)
end

# What a handler receives as `context`: lambda_context.rb.
class LambdaContext
  attr_reader :aws_request_id, :invoked_function_arn, :log_group_name,
              :log_stream_name, :function_name, :memory_limit_in_mb, :function_version,
              :identity, :tenant_id, :client_context, :deadline_ms

  def initialize(request)
    @clock_diff = Process.clock_gettime(Process::CLOCK_REALTIME, :millisecond) -
                  Process.clock_gettime(Process::CLOCK_MONOTONIC, :millisecond)
    # An invocation that was sent ahead begins now, not when its deadline was written down.
    remaining = request['Lambda-Scenarios-Remaining-Ms']
    @deadline_ms = if remaining
                     Process.clock_gettime(Process::CLOCK_REALTIME, :millisecond) + remaining.to_i
                   else
                     request['Lambda-Runtime-Deadline-Ms'].to_i
                   end
    @aws_request_id = request['Lambda-Runtime-Aws-Request-Id']
    @invoked_function_arn = request['Lambda-Runtime-Invoked-Function-Arn']
    @log_group_name = ENV['AWS_LAMBDA_LOG_GROUP_NAME']
    @log_stream_name = ENV['AWS_LAMBDA_LOG_STREAM_NAME']
    @function_name = ENV['AWS_LAMBDA_FUNCTION_NAME']
    @memory_limit_in_mb = ENV['AWS_LAMBDA_FUNCTION_MEMORY_SIZE']
    @function_version = ENV['AWS_LAMBDA_FUNCTION_VERSION']
    identity = request['Lambda-Runtime-Cognito-Identity'].to_s
    @identity = JSON.parse(identity) unless identity.empty?
    tenant = request['Lambda-Runtime-Aws-Tenant-Id'].to_s
    @tenant_id = tenant unless tenant.empty?
    client = request['Lambda-Runtime-Client-Context'].to_s
    @client_context = JSON.parse(client) unless client.empty?
  end

  def get_remaining_time_in_millis
    now = Process.clock_gettime(Process::CLOCK_MONOTONIC, :millisecond) + @clock_diff
    remaining = @deadline_ms - now
    remaining.positive? ? remaining : 0
  end
end

# Event and result as text: aws_lambda_marshaller.rb. Users may replace its methods.
module AwsLambda
  class Marshaller
    class << self
      def marshall_request(raw_request)
        raw_request['Content-Type'] == 'application/json' ? JSON.parse(raw_request.body) : raw_request.body
      end

      def marshall_response(method_response)
        case method_response
        when StringIO, IO
          [method_response, 'application/unknown']
        else
          method_response.to_json
        end
      end
    end
  end
end

# Calls the handler: lambda_handler.rb. Its class and its variables stand in the messages of NameErrors.
class LambdaHandler
  attr_reader :handler_file_name, :handler_method_name

  def initialize(env_handler:)
    handler_split = env_handler.split('.')
    if handler_split.size == 2
      @handler_file_name, @handler_method_name = handler_split
    elsif handler_split.size == 3
      @handler_file_name, @handler_class, @handler_method_name = handler_split
    else
      raise ArgumentError, "Invalid handler #{handler_split}, must be of form FILENAME.METHOD or " \
        'FILENAME.CLASS.METHOD where FILENAME corresponds with an existing Ruby source file FILENAME.rb, ' \
        'CLASS is an optional module/class namespace and METHOD is a callable method. ' \
        'If using CLASS, METHOD must be a class-level method.'
    end
  end

  def call_handler(request:, context:)
    opts = { event: request, context: context }
    if @handler_class
      response = Kernel.const_get(@handler_class).send(@handler_method_name, **opts)
    else
      response = __send__(@handler_method_name, **opts)
    end
    AwsLambda::Marshaller.marshall_response(response)
  end
end

module AwsLambdaRIC
  # Lines of Logger for standard output carry the request's id: lambda_log_formatter.rb, logger_patch.rb.
  class LogFormatter < Logger::Formatter
    FORMAT = '%<sev>s, [%<datetime>s #%<process>d] %<severity>5s %<request_id>s -- %<progname>s: %<msg>s'

    def call(severity, time, progname, msg)
      values = { sev: severity[0..0], datetime: format_datetime(time), process: Process.pid,
                 severity: severity, request_id: $_global_aws_request_id, progname: progname,
                 msg: msg2str(msg) }
      "#{(FORMAT % values).encode('UTF-8')}\n"
    end
  end

  module LoggerPatch
    def initialize(logdev, *rest, **options)
      if !logdev || logdev == $stdout || logdev == $stderr
        logdev ||= $stdout # where Lambda sends what has no place
        options[:formatter] ||= LogFormatter.new
      end
      super(logdev, *rest, **options)
    end
  end

  Logger.prepend(LoggerPatch)
end

# Everything that is this project's own.
module LambdaScenarios
  API = '/2018-06-01/runtime'
  PAYLOAD_LIMIT = 6 * 1024 * 1024 + 100 # bytes of a result; what is larger, Lambda refuses

  # A response of the Runtime API; `[]` is what marshallers know of Net::HTTPResponse.
  class Message
    attr_reader :status, :body

    def initialize(status, headers, body)
      @status = status
      @headers = headers
      @body = body
    end

    def [](name)
      @headers[name.downcase]
    end

    def key?(name)
      @headers.key?(name.downcase)
    end

    def each_header(&block)
      @headers.each(&block)
    end
  end

  # Finds the responses in the bytes that a server sends, however the network cuts them. This project's server
  # always says the length; others, such as AWS's runtime interface emulator, send larger events in chunks.
  class Parser
    def initialize
      @buffer = String.new(encoding: Encoding::BINARY)
      @searched = 0 # no end of a head begins before this offset
      @head = nil
    end

    # Takes further bytes; returns the responses that are complete by now, in order.
    def feed(data)
      @buffer << data
      messages = []
      loop do
        unless @head
          at = @buffer.index("\r\n\r\n", @searched)
          unless at
            @searched = [0, @buffer.bytesize - 3].max
            return messages
          end
          @head = parse_head(@buffer.slice!(0, at + 4))
          @searched = 0
        end
        body = @head[1].key?('transfer-encoding') ? chunked_body : plain_body
        return messages unless body

        messages << Message.new(*@head, body)
        @head = nil
      end
    end

    private

    def plain_body
      length = @head[1].fetch('content-length', '0').to_i
      @buffer.slice!(0, length) if @buffer.bytesize >= length
    end

    def chunked_body
      places = []
      at = 0
      loop do
        stop = @buffer.index("\r\n", at) or return
        size = @buffer[at...stop].to_i(16)
        at = stop + 2
        break unless size.positive?

        places << [at, size]
        at += size + 2
      end
      while (stop = @buffer.index("\r\n", at)) && stop > at # trailers, up to an empty line
        at = stop + 2
      end
      return unless stop

      body = places.map { |place, size| @buffer[place, size] }.join
      @buffer.slice!(0, stop + 2)
      body
    end

    def parse_head(text)
      first, *lines = text.split("\r\n")
      headers = {}
      lines.each do |line|
        name, value = line.split(':', 2)
        headers[name.downcase] = value.strip.force_encoding(Encoding::UTF_8)
      end
      [first[9, 3].to_i, headers]
    end
  end

  # How an exception is told: lambda_errors.rb. `fatal`: AWS's client ends after it.
  class Failure
    TOLD = %w[ArgumentError NoMethodError Exception StandardError NameError LoadError SystemExit
              SystemStackError].freeze

    attr_reader :fatal

    def initialize(error, classification)
      @class_name = error.class.to_s
      @type = "#{classification}<#{@class_name}>"
      @message = error.message
      @stack = stack(error.backtrace_locations)
      @fatal = error.is_a?(NameError) || !error.is_a?(StandardError)
    end

    # What the header says; the body says it all.
    def header
      TOLD.include?(@class_name) ? @type : 'Function<UserException>'
    end

    def document
      { errorMessage: @message, errorType: @type, stackTrace: @stack }
    end

    # The body; a message may be of any bytes.
    def json
      document.to_json
    rescue StandardError
      readable = { errorMessage: scrubbed(@message), errorType: scrubbed(@type) }
      { **readable, stackTrace: @stack.map { |line| scrubbed(line) } }.to_json
    end

    def log(headline)
      $stdout.puts headline
      $stdout.puts JSON.pretty_generate(JSON.parse(json))
    rescue StandardError
      nil # the handler closed the stream, or put something else in its place
    end

    private

    # The lines up to this client's own, which stands in the place of AWS's.
    def stack(locations)
      (locations || []).first(100).take_while { |line| line.path != __FILE__ }.map(&:to_s)
    end

    def scrubbed(text)
      copy = text.to_s.dup
      copy.force_encoding(Encoding::UTF_8) if copy.encoding == Encoding::BINARY
      copy.encode(Encoding::UTF_8, invalid: :replace, undef: :replace).scrub('?')
    end
  end

  # Ends the output of an invocation in a duplicate of file descriptor 1 that outlives what handlers do to it.
  class Markers
    def initialize(nonce)
      @nonce = nonce
      @out = IO.for_fd(1, autoclose: false).dup
      @out.sync = true
    end

    def write(name)
      [STDOUT, STDERR, $stdout, $stderr].uniq.each do |stream|
        begin
          stream.flush
        rescue StandardError
          nil # closed, or whatever a handler put there
        end
      end
      @out.write("\0#{@nonce} #{name}\n")
    rescue SystemCallError
      exit!(0)
    end
  end

  # One connection, one handler, invocations one after another.
  class Worker
    def initialize(credits, nonce)
      @credits = credits
      @markers = Markers.new(nonce)
      @host = ENV['AWS_LAMBDA_RUNTIME_API'] || '127.0.0.1:9001'
      address, _, port = @host.rpartition(':')
      @connection = TCPSocket.new(address.delete('[]'), port.to_i)
      @connection.setsockopt(Socket::IPPROTO_TCP, Socket::TCP_NODELAY, 1)
      @connection.binmode
      @parser = Parser.new
      @process = Process.pid
      @next_one = "GET #{API}/invocation/next HTTP/1.1\r\nHost: #{@host}\r\n\r\n".b
      @memory = begin
        File.open('/proc/self/status')
      rescue SystemCallError
        nil
      end
    end

    # Loads the handler: aws_lambda_ric.rb, `LambdaRunner#run`. Where that fails, says so and ends.
    def load(root, name)
      $LOAD_PATH.unshift(root) unless $LOAD_PATH.include?(root)
      begin
        @handler = LambdaHandler.new(env_handler: name)
        require @handler.handler_file_name
      rescue Exception => e # rubocop:disable Lint/RescueException -- an exit while loading is told, too
        raise unless Process.pid == @process # in a child that the file forked

        failure = Failure.new(e, 'Init')
        failure.log('Init error when loading handler ')
        @markers.write('init')
        type = "Lambda-Runtime-Function-Error-Type: #{header_text(failure.header)}\r\n"
        send_all(post('init/error', type, failure.json))
        nil while receive.empty?
        exit(1)
      end
    end

    # Serves until the connection ends.
    def serve
      exit!(0) unless Process.pid == @process # a child that the file forked
      @markers.write('init')
      send_all(@next_one * @credits)
      loop do
        receive.each do |message|
          handle(message) if message.status == 200 && message.key?('Lambda-Runtime-Aws-Request-Id')
        end
      end
    end

    private

    def handle(message)
      id = message['Lambda-Runtime-Aws-Request-Id']
      $_global_aws_request_id = id
      trace = message['Lambda-Runtime-Trace-Id']
      ENV['_X_AMZN_TRACE_ID'] = trace if trace
      failure = nil
      began = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      begin
        body, type = @handler.call_handler(request: AwsLambda::Marshaller.marshall_request(message),
                                           context: context(message))
        finished = Process.clock_gettime(Process::CLOCK_MONOTONIC)
        body = body.read if type == 'application/unknown'
      rescue Exception => e # rubocop:disable Lint/RescueException -- AWS's client tells all of them
        finished = Process.clock_gettime(Process::CLOCK_MONOTONIC)
        raise unless Process.pid == @process

        failure = Failure.new(e, 'Function')
        failure.log(failure.fatal ? 'Critical exception from handler' : 'Error raised from handler method')
      end
      exit!(0) unless Process.pid == @process # a child that came back from the handler
      answer(id, body, type, failure, ((finished - began) * 1_000_000).round)
    end

    def answer(id, body, type, failure, microseconds)
      figures = "Lambda-Scenarios-Duration-Us: #{microseconds}\r\n#{memory}"
      @markers.write(id)
      if failure.nil?
        body = body.to_s
        # The runner takes a new worker after such a result: what lies ready begins there.
        large = body.bytesize > PAYLOAD_LIMIT && @credits > 1
        headers = "#{figures}Content-Type: #{header_text(type || 'application/json')}\r\n"
        send_all(post("invocation/#{id}/response", headers, body), large ? ''.b : @next_one)
        loop { receive } if large
        return
      end
      headers = "#{figures}Lambda-Runtime-Function-Error-Type: #{header_text(failure.header)}\r\n" \
                "Content-Type: application/json\r\n"
      path = "invocation/#{id}/error"
      return send_all(post(path, headers, failure.json), @next_one) unless failure.fatal

      # Invocations that were sent ahead will not begin here.
      send_all(post(path, "Connection: close\r\n#{headers}", failure.json))
      @connection.close_write
      wait_for_the_end(255)
    end

    def context(message)
      context = LambdaContext.new(message)
      given = message['Lambda-Scenarios-Context']
      return context unless given

      override = JSON.parse(given)
      return override['replace'] if override.key?('replace')

      override.fetch('set', {}).each do |name, value|
        context.instance_variable_set("@#{name}", value) if name =~ /\A[A-Za-z_]\w*\z/
        context.define_singleton_method(name) { value }
      end
      context
    end

    def post(path, headers, body)
      length = "Content-Length: #{body.bytesize}\r\n"
      "POST #{API}/#{path} HTTP/1.1\r\nHost: #{@host}\r\n#{length}#{headers}\r\n".b << body.b
    end

    def header_text(text)
      text.to_s.b.gsub(/[^\x20-\x7e]/n, '?')
    end

    # Peak resident size of the process so far, as a line.
    def memory
      return '' unless @memory

      found = @memory.pread(4096, 0)[/VmHWM:\s*(\d+)/, 1]
      found ? "Lambda-Scenarios-Memory-Kb: #{found}\r\n" : ''
    rescue SystemCallError, EOFError
      ''
    end

    # Writes all of it, as one write where the kernel takes it. Ends the process with the connection.
    def send_all(data, more = ''.b)
      @connection.write(data << more)
    rescue SystemCallError, IOError
      exit!(0)
    end

    # The next responses; there may be none yet. Ends the process with the connection.
    def receive
      @parser.feed(@connection.readpartial(65_536))
    rescue SystemCallError, IOError
      exit!(0)
    end

    # What has been sent is read on the other side before this one goes: closing with something unread would
    # take it back. What the handler's files have registered for the end is run.
    def wait_for_the_end(status)
      while @connection.wait_readable(2)
        break if @parser.feed(@connection.readpartial(65_536)).any? { |message| message.status != 200 }
      end
      exit(status)
    rescue SystemCallError, IOError
      exit(status)
    end
  end
end

if $PROGRAM_NAME == __FILE__
  credits, nonce = ARGV
  ARGV.clear
  $PROGRAM_NAME = '/var/runtime/lib/runtime.rb'
  $stdout.sync = true
  Dir.chdir(ENV['LAMBDA_TASK_ROOT'])
  worker = LambdaScenarios::Worker.new(credits.to_i, nonce)
  worker.load(Dir.pwd, ENV['_HANDLER'].to_s)
  worker.serve
end
