"""The review of a change: what a deployment of the synthesized stage would do, as Markdown.

It compares the synthesized templates with the deployed ones, with those of a git revision, or with
those of another cloud assembly. A section without content is left out.
"""
