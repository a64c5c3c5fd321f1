"""config.yaml -> Config, or every problem at once with its line; and the modelling constants."""
