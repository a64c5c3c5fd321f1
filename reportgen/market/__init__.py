"""What the venues publish: types, validation, files, the sample and its simulator."""
