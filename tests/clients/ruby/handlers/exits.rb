at_exit { puts 'at exit' }
exit 7
