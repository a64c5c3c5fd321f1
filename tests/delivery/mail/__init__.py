"""Tests of mail: real messages, a real SMTP server on loopback, real ledgers."""
