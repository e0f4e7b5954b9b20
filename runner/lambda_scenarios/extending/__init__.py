"""Extensions: found by their entry points, when a suite uses one."""
