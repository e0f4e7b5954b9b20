# The process is another one after each of these, or gone.
def handler(event:, context:)
  puts 'begins'
  case event['case']
  when 'exit' then exit(3)
  when 'abort' then abort('why')
  when 'exit!' then exit!(3)
  when 'kill' then Process.kill(:KILL, Process.pid)
  when 'term'
    Process.kill(:TERM, Process.pid)
    sleep
  when 'name' then nowhere
  when 'method' then nil.nowhere
  when 'stack' then handler(event: event, context: context)
  when 'exception' then raise Exception, 'not standard'
  when 'not implemented' then raise NotImplementedError
  when 'arity' then handler
  when 'close stdout'
    $stdout.close
    1
  end
end

def no_keywords
  1
end

def positional(event, context)
  [event, context.class]
end
