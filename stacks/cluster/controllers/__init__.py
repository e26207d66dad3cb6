"""The controllers that Helm installs. Each has a module with its declaration."""
