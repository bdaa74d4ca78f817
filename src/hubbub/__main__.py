"""Lets `python -m hubbub` run the program."""

from hubbub.cli import main

main()
