# frozen_string_literal: true

require 'money'

WIDTH = 32
LOGGER = Logger.new($stdout)

def print_receipt(event:, context:)
  LOGGER.info("receipt for #{event['order']}")
  items = event.fetch('items').map { |item| [item['title'], Money.cents(item['price'])] }
  lines = items.map { |title, cents| line(title, Money.text(cents)) }
  total = items.sum { |_, cents| cents }
  [ENV['SHOP_NAME'].center(WIDTH).rstrip, *lines, '-' * WIDTH, line('Total', Money.text(total))].join("\n")
end

def line(title, amount)
  title[0, WIDTH - 10].ljust(WIDTH - 8) + amount.rjust(8)
end
