"""The page where staff write, import and try what replies rest on."""
