"""Tests of what the venues publish: the market folder, its checks, and the simulator."""
