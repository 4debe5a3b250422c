"""`python -m stammgast` is the command `stammgast`."""

from stammgast.cli import main

main()
