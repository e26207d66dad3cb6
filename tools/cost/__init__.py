"""Estimates what a stage costs per month: the synthesized templates, times AWS's list prices."""
