"""What must hold while processes die: a process runner, protocol clients, and a judge of
histories."""
