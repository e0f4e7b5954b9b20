def receive(event:, context:)
  event
end
