require 'no_such_gem_anywhere'
