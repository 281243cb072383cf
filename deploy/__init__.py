"""Everything that starts the product: private servers, the full topology, container files."""
