"""Whether statements in HTML are well-formed and stand alone: by the expat parser of XML and by an HTML parser, which share no code.

Arguments: files. Prints how many rows of tables they have.
"""

import html.parser
import sys
import xml.etree.ElementTree as xml

ALLOWED = {"html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "table", "thead", "tbody", "tr", "th", "td", "bdi"}
ATTRIBUTES = {"lang", "charset", "http-equiv", "content", "name", "class"}
NAMESPACE = "{http://www.w3.org/1999/xhtml}"


class Tags(html.parser.HTMLParser):
    """The elements in order, and whether each end belongs to the last begun."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.begun, self.names, self.texts = [], [], []

    def handle_starttag(self, tag, attrs):
        self.begun.append(tag)
        self.names.append(tag)
        for name, value in attrs:
            assert name in ATTRIBUTES | {"xmlns"}, f"an attribute {name}={value}"

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.begun.pop()

    def handle_endtag(self, tag):
        assert self.begun.pop() == tag, f"</{tag}> ends another"

    def handle_data(self, data):
        self.texts.append(data)


rows = 0
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        text = file.read()
    assert text.count("://") == 1, f"{path}: something from elsewhere"
    tree = xml.fromstring(text)
    names = [element.tag.removeprefix(NAMESPACE) for element in tree.iter()]
    assert set(names) <= ALLOWED, f"{path}: {set(names) - ALLOWED}"
    tags = Tags()
    tags.feed(text)
    tags.close()
    assert not tags.begun and tags.names == names, f"{path}: the two parsers see other elements"
    assert "".join(tags.texts).split() == "".join(tree.itertext()).split(), f"{path}: the two parsers see other words"
    for table in tree.iter(f"{NAMESPACE}table"):
        lengths = {len(row) for row in table.iter(f"{NAMESPACE}tr")}
        assert len(lengths) == 1, f"{path}: rows of {lengths} cells"
        rows += len(list(table.iter(f"{NAMESPACE}tr")))
print(rows)
