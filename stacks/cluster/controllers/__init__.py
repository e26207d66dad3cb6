"""The controllers that Helm installs, a module each."""
