# frozen_string_literal: true

# Amounts in whole cents: what is added up stays exact.
module Money
  class NotAnAmount < StandardError; end

  def self.cents(text)
    found = /\A(\d+)\.(\d\d)\z/.match(text.to_s)
    raise NotAnAmount, "#{text.inspect} is not an amount such as 12.50" unless found

    found[1].to_i * 100 + found[2].to_i
  end

  def self.text(cents)
    format('%<units>d.%<cents>02d', units: cents / 100, cents: cents % 100)
  end
end
