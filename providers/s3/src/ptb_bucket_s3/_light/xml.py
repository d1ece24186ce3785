"""A small reader of S3's XML. It refuses document types, so no entity is ever expanded."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING
from xml.parsers import expat

from ptb_bucket.stores import dataclass
from ptb_bucket_s3._light.refused import XmlError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Node", "read_xml"]


@dataclass
class Node:
    """An element, without its namespace and attributes."""

    name: str
    text: str = ""
    children: list[Node] = field(default_factory=list)

    def all(self, *names: str) -> Iterator[Node]:
        """Iterate over the children with one of these names, in document order."""
        return (child for child in self.children if child.name in names)

    def value(self, name: str) -> str:
        """Return the text of the first child with this name, empty if there is none."""
        return next((child.text for child in self.all(name)), "")


def read_xml(data: bytes) -> Node:
    """Parse a document.

    Args:
        data: The body of an answer.

    Returns:
        Its outermost element.

    Raises:
        XmlError: It is not well-formed, or it declares a document type, which S3 never does.
    """
    builder = _Builder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.characters
    parser.StartDoctypeDeclHandler = builder.refuse
    try:
        parser.Parse(data, True)  # noqa: FBT003  the end of the document; expat takes no keyword
    except expat.ExpatError as exc:
        raise XmlError(f"The response is not valid XML: {exc}.") from exc
    return builder.root.children[0]


class _Builder:
    def __init__(self) -> None:
        self.root = Node("")
        self._open = [self.root]

    def start(self, name: str, _: dict[str, str]) -> None:
        node = Node(name.rpartition(":")[2])
        self._open[-1].children.append(node)
        self._open.append(node)

    def end(self, _: str) -> None:
        self._open.pop()

    def characters(self, text: str) -> None:
        self._open[-1].text += text

    def refuse(self, *_: object) -> None:
        raise XmlError("The response contains a document type declaration, which S3 never sends.")
