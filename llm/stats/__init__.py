"""What models did, counted from the answers themselves; nothing is stored twice."""
