"""The playground: the page where staff ask several models at once, and colours for its code."""
