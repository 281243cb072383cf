"""What makes the kernel live in a web process: the group-commit writer for what comes in, and the
hub for what goes out."""
