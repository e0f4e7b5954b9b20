puts 'loading'
raise KeyError, 'while loading'
