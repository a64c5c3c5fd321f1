"""What can override a map: for now the events that config.yaml lists."""
