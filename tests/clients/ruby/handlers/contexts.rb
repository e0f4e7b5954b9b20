LOGGER = Logger.new($stdout)

def handler(event:, context:)
  return context if context.is_a?(String)

  LOGGER.info('logged')
  names = %i[aws_request_id invoked_function_arn log_group_name log_stream_name function_name memory_limit_in_mb
             function_version identity tenant_id client_context]
  names << :order if context.respond_to?(:order)
  left = context.get_remaining_time_in_millis
  [names.map { |name| [name, context.public_send(name)] }.to_h, left.between?(1, 60_000), ENV['_X_AMZN_TRACE_ID']]
end

def forks(event:, context:)
  child = fork
  if child
    Process.wait(child)
    return ['parent', $?.exitstatus]
  end
  exit(5) if event['exits']
  raise 'in the child' if event['raises']

  'child'
end

def memory(event:, context:)
  ('x' * (event['mb'] * 1024 * 1024)).size
end

def sized(event:, context:)
  'x' * event['size']
end

