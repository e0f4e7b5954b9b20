exit!(7)
