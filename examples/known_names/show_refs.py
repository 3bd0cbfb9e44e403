"""objgraph: a picture of three linked nodes, without Graphviz."""

from unfreed.compat import objgraph


class Node:
    def __init__(self, name: str) -> None:
        self.name = name
        self.next: "Node | None" = None


n1, n2, n3 = Node("n1"), Node("n2"), Node("n3")
n1.next, n2.next, n3.next = n2, n3, n1
objgraph.show_refs([n1], filename="leak_graph.png")
objgraph.show_growth(limit=3)
print(objgraph.count("Node"), "nodes;", objgraph.at(id(n1)) is n1)
