"""Tests of the calendar and the flows."""
