"""The network for Gephi: a GEXF file, and node and edge lists in the columns that Gephi imports.

Edges of one relation between the same two nodes are one edge, over all channels; its weight is
how often. Written row by row: graph libraries need many times the time and memory for it.
"""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from xml.sax.saxutils import quoteattr

import pyarrow as pa
from msgspec import Struct

from hubbub.destinations.files import whole

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NODE_COLUMNS = ("type", "class", "country", "iso", "city")


class Network(Struct, frozen=True):
    """Rows of the metrics `network_nodes` and `network_edges`."""

    nodes: pa.Table
    edges: pa.Table

    def node_rows(self) -> Iterator[dict[str, Any]]:
        """The nodes."""
        for batch in self.nodes.to_batches(max_chunksize=10_000):
            yield from batch.to_pylist()

    def edge_rows(self) -> Iterator[dict[str, Any]]:
        """The edges, summed over channels: relation, source_id, target_id, weight_sum."""
        keys = ["relation", "source_id", "target_id"]
        summed = self.edges.group_by(keys, use_threads=False).aggregate([("weight", "sum")])
        in_order: pa.Table = summed.sort_by([(key, "ascending") for key in keys])  # pyright: ignore[reportUnknownMemberType]
        for batch in in_order.to_batches(max_chunksize=10_000):
            yield from batch.to_pylist()


def write_network(network: Network, folder: Path) -> list[Path]:
    """Write network.gexf, nodes.csv and edges.csv; returns their paths."""
    gexf, nodes, edges = (folder / name for name in ("network.gexf", "nodes.csv", "edges.csv"))
    with whole(gexf) as unfinished, unfinished.open("w", encoding="utf-8") as file:
        _write_gexf(network, file)
    with whole(nodes) as unfinished, _open_csv(unfinished) as file:
        writer = csv.writer(file)
        writer.writerow(["Id", "Label", *(name.capitalize() for name in _NODE_COLUMNS)])
        for node in network.node_rows():
            writer.writerow([node["id"], node["label"], *(node[name] for name in _NODE_COLUMNS)])
    with whole(edges) as unfinished, _open_csv(unfinished) as file:
        writer = csv.writer(file)
        writer.writerow(["Source", "Target", "Type", "Relation", "Weight"])
        for edge in network.edge_rows():
            writer.writerow(
                [
                    edge["source_id"],
                    edge["target_id"],
                    "Directed",
                    edge["relation"],
                    edge["weight_sum"],
                ]
            )
    return [gexf, nodes, edges]


def _open_csv(path: Path) -> IO[str]:
    return path.open("w", encoding="utf-8", newline="")


def _write_gexf(network: Network, file: IO[str]) -> None:
    file.write(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<gexf xmlns="http://gexf.net/1.3" version="1.3">\n'
        "<meta><creator>Hubbub</creator></meta>\n"
        '<graph mode="static" defaultedgetype="directed">\n'
        '<attributes class="node">\n'
    )
    for name in _NODE_COLUMNS:
        file.write(f'<attribute id="{name}" title="{name}" type="string"/>\n')
    file.write(
        '</attributes>\n<attributes class="edge">\n'
        '<attribute id="relation" title="relation" type="string"/>\n</attributes>\n<nodes>\n'
    )
    for node in network.node_rows():
        file.write(f"<node id={_quoted(node['id'])} label={_quoted(node['label'])}><attvalues>")
        for name in _NODE_COLUMNS:
            if node[name]:
                file.write(f'<attvalue for="{name}" value={_quoted(node[name])}/>')
        file.write("</attvalues></node>\n")
    file.write("</nodes>\n<edges>\n")
    for number, edge in enumerate(network.edge_rows()):
        file.write(
            f'<edge id="{number}" source={_quoted(edge["source_id"])} '
            f'target={_quoted(edge["target_id"])} weight="{edge["weight_sum"]}">'
            f'<attvalues><attvalue for="relation" value="{edge["relation"]}"/></attvalues></edge>\n'
        )
    file.write("</edges>\n</graph>\n</gexf>\n")


def _quoted(value: str) -> str:
    """A value as an XML attribute, without the characters that XML has no place for."""
    return quoteattr(_NOT_XML.sub("", value))
