"""Texts from elsewhere into Markdown: web pages, and files that people have.

What was fetched or uploaded is never opened in this process: a child without secrets, with little
memory and little time, reads it and hands back text.
"""
