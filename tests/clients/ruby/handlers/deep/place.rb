module Deep
  class Place
    def self.handler(event:, context:)
      { event: event, file: __FILE__.split('/').last, directory: Dir.pwd == ENV['LAMBDA_TASK_ROOT'] }
    end
  end
end
