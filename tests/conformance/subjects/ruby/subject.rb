puts 'loading on stdout'
warn 'loading on stderr'
$count = 0

raise ArgumentError, 'no use' if ENV['FAIL_INIT'] == 'raise'
exit!(9) if ENV['FAIL_INIT'] == 'exit'

class ShopError < StandardError; end

def handler(event:, context:)
  $count += 1
  case event['do']
  when 'echo' then event['value']
  when 'nothing' then nil
  when 'raise' then raise ShopError, 'no such order: ü €'
  when 'exit' then exit!(event['status'])
  when 'kill' then Process.kill(:KILL, Process.pid)
  when 'segfault' then Process.kill(:SEGV, Process.pid)
  when 'wait'
    puts 'waiting'
    sleep 60
  when 'large' then 'x' * event['size']
  when 'log'
    puts 'first'
    warn 'second'
    puts 'third: ü €'
    puts JSON.dump(level: 'info', order: 'o-17')
  when 'context' then told(context)
  when 'env' then event['names'].map { |name| [name, ENV[name]] }.to_h
  else { count: $count, process: Process.pid }
  end
end

def told(context)
  {
    request_id: context.aws_request_id,
    function_name: context.function_name,
    arn: context.invoked_function_arn,
    memory: Integer(context.memory_limit_in_mb),
    log_group: context.log_group_name,
    log_stream: context.log_stream_name,
    version: context.function_version,
    remaining: context.get_remaining_time_in_millis
  }
end
