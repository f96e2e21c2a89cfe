"""``nanostitch trace``: where a figure, a panel, a number or a product comes from."""

import argparse
import json
from pathlib import Path

from nanostitch.commands import Commands


def add_to(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser("trace", help="show where a figure, a number or a file comes from")
    parser.add_argument(
        "target",
        help="file of the results or a copy of a figure; with #PART a panel (figure_3.pdf#c), a"
        " claim (claims.nc#ID), an acquisition of a table (tables/particles.tsv#ID)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a tree")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw it: .svg, .pdf or .png")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Print the chain of the target, and draw it where a picture was asked for."""
    from nanostitch.provenance.trace import chain, tree_text

    link = chain.chain(options.target)
    if options.json:
        print(json.dumps(tree_text.document(link), indent=1, ensure_ascii=False))
    elif options.picture is None:
        print("\n".join(tree_text.lines(link)))
    if options.picture is not None:
        from nanostitch.provenance.trace import tree_picture

        tree_picture.draw(link, options.picture)
        if not options.json:
            print(f"drawn: {options.picture}")
    return 0
