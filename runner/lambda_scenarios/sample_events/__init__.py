"""Sample events of AWS event sources: what `event_from` and `lambda-scenarios events` give."""
