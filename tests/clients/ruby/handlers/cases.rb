# Each method is a case: what it returns, raises and prints is compared.
module Cases
  class Custom < StandardError; end
  class NotStandard < Exception; end # rubocop:disable Lint/InheritException
  class Halves
    def to_json(*)
      '"halves"'
    end
  end

  class << self
    def handler(event:, context:)
      send(event['case'], context)
    end

    def scalars(_) = [1, 1.5, true, false, nil, 'text', :symbol, 10**30]
    def unicode(_) = { 'größe' => '😀', escape: "\u0001\n\"\\/" }
    def object(_) = Halves.new
    def time(_) = Time.at(0).utc
    def range(_) = (1..3)
    def nothing(_) = nil
    def binary_that_is_utf8(_) = 'ü'.b
    def stringio(_) = StringIO.new("raw bytes \x00".b)
    def nested(_) = { a: { b: [{}, []] } }

    def infinity(_) = 1.0 / 0
    def latin(_) = "\xfc".dup.force_encoding('UTF-8')
    def circular(_) = [].tap { |list| list << list }

    def custom(_) = raise(Custom, 'Größe 😀')
    def custom_without_message(_) = raise(Custom)
    def custom_with_backtrace(_) = raise(Custom, 'm', ['a', 'b'])
    def argument(_) = raise(ArgumentError, 'no')
    def runtime(_) = raise('plain')
    def key(_) = {}.fetch('a')
    def zero(_) = 1 / 0
    def binary_message(_) = raise(Custom, "\xff\xfe".b)
    def deep(_) = JSON.parse('{')
    def caused(_)
      raise KeyError, 'inner'
    rescue KeyError
      raise Custom, 'outer'
    end

    def prints(_)
      puts 'out'
      $stderr.puts 'err'
      print 'no newline'
      warn 'warned'
      p 1
      system('echo child; echo child err >&2')
      1
    end

    def threads(_)
      5.times.map { |n| Thread.new { 20.times { puts "thread #{n} #{'x' * 50}" } } }.each(&:join)
      1
    end

    def replaces_stdout(_)
      $stdout = StringIO.new
      puts 'nowhere'
      1
    ensure
      $stdout = STDOUT
    end

    def encodings(_)
      [Encoding.default_external.to_s, ENV['SHOP'], ENV['SHOP'].encoding.to_s, 'ü'.encoding.to_s, __ENCODING__.to_s]
    end

    def loaded(_)
      [URI('http://a/b').host, Net::HTTP.name, Time.parse('2024-01-01T00:00:00Z').to_i, Logger.name, StringIO.name]
    end
  end
end
