"""Synthesizes stages, and reads their templates and the resource schemas of CloudFormation."""
