"""Random XML documents, some damaged or dirty, with what Python's expat reads in them: one JSON object a line.

usage: xml_vectors.py SEED COUNT

A line has `text` (base64), `repairs` (whether it is to be cleaned), `removed` (the control characters in it then), and
`root`: null when it is refused, else a list of name, attributes, own text, all text in it, and children.
"""

import base64
import json
import random
import re
import sys
from xml.parsers import expat

NAMES = ["HOST", "ID", "DETECTION", "RESULTS", "a", "b:c", "ä-ö.1", "TAG", "x" * 200]
LETTERS = ["a", "Z", " ", "\n", "\r\n", "\t", "ä", "–", "日", "😀", "]]", ">", '"', "'", "\x7f", "\u2028", "\u00a0"]
CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


def letters(rng):
    return "".join(rng.choice(LETTERS) for _ in range(rng.choice([0, 1, 4, 20, 300])))


def chars(rng, text):
    out = []
    for letter in text:
        way = rng.random()
        if letter in "<&" or letter == ">" or way < 0.05:
            out.append(rng.choice([f"&#{ord(letter)};", f"&#x{ord(letter):X};"]))
        elif letter in "\"'" and way < 0.5:
            out.append("&quot;" if letter == '"' else "&apos;")
        else:
            out.append(letter)
    return "".join(out)


def aside(rng):
    return rng.choice(["", "", "", "<!-- - <x> & ä -->", "<?pi some <b> ?>", "<!---->"])


def content(rng):
    kind = rng.random()
    text = letters(rng)
    if kind < 0.3:
        return "<![CDATA[" + text.replace("]]>", "") + rng.choice(["", "<b>&amp;</b>", "]", "]]"]) + "]]>"
    if kind < 0.4:
        # An end mark in two sections.
        return "<![CDATA[a]]]]><![CDATA[>b]]>"
    if kind < 0.5:
        return rng.choice(["&lt;", "&amp;", "&gt;b", "&#65;", "&#x1F600;"])
    if kind < 0.52:
        return rng.choice(["&nbsp;", "&unknown.name;"])
    return chars(rng, text)


def attributes(rng):
    names = rng.sample(["id", "severity", "xml:lang", "ö"], rng.choice([0, 0, 0, 1, 3]))
    return "".join(f' {name}="{chars(rng, letters(rng)).replace(chr(34), "&quot;")}"' for name in names)


def element(rng, depth):
    name = rng.choice(NAMES)
    if rng.random() < 0.15:
        return f"<{name}{attributes(rng)}{rng.choice(['', ' ', chr(10)])}/>"
    inner = "".join(
        aside(rng) + (element(rng, depth - 1) if depth > 0 and rng.random() < 0.5 else content(rng))
        for _ in range(rng.choice([0, 1, 2, 5]))
    )
    return f"<{name}{attributes(rng)}>{inner}{aside(rng)}</{name} >"


def document(rng):
    declaration = rng.choice(["", '<?xml version="1.0" encoding="UTF-8" ?>\n', "<?xml version='1.0'?>"])
    kind = rng.choice(
        ["", '<!DOCTYPE HOST SYSTEM "https://qualysapi.example.test/a.dtd">\n', "<!DOCTYPE a [<!ELEMENT a ANY>]>"] * 5
        + ['<!DOCTYPE a [<!ENTITY e "x">]>', '<!DOCTYPE a [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>']
    )
    return declaration + aside(rng) + kind + aside(rng) + element(rng, rng.choice([0, 2, 5])) + aside(rng) + "\n"


def damaged(rng, data):
    data = bytearray(data)
    place = rng.randrange(len(data) + 1)
    way = rng.random()
    if way < 0.3:
        del data[place:]
    elif way < 0.6:
        del data[place : place + rng.choice([1, 2, 9])]
    else:
        data[place:place] = rng.choice([b"<", b"&", b">", b"</a>", b"\x01", b"\xff", b"]]>", b"<!--", b'"'])
    return bytes(data)


def dirty(rng, data):
    data = bytearray(data)
    for _ in range(rng.choice([1, 3, 20])):
        place = rng.randrange(len(data) + 1)
        data[place:place] = rng.choice(
            [b"\x00", b"\x08", b"\x0b", b"\x1f", b"\xff", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"\xed\xa0\x80",
             b"\x80", b"\xc0\xaf", b"\xef\xbf\xbe", b"\xef\xbf\xbf", b"\xf4\x90\x80\x80"]
        )  # fmt: skip
    return bytes(data)


class Refused(Exception):
    pass


def refuse(*_):
    raise Refused


def tree(data, encoding):
    root = ["", {}, "", "", []]
    open_ = [root]
    parser = expat.ParserCreate(encoding)

    def start(name, pairs):
        node = [name, pairs, "", "", []]
        open_[-1][4].append(node)
        open_.append(node)

    def text(piece):
        open_[-1][2] += piece
        for node in open_:
            node[3] += piece

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda name: open_.pop()
    parser.CharacterDataHandler = text
    parser.SkippedEntityHandler = lambda name, is_parameter: is_parameter or text(f"&{name};")
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, Refused):
        return None
    return root[4][0]


def vector(rng):
    data = document(rng).encode()
    line = {"repairs": rng.random() < 0.4, "removed": 0}
    if rng.random() < 0.3:
        data = damaged(rng, data)
    if line["repairs"]:
        data = dirty(rng, data)
        line["text"] = base64.b64encode(data).decode()
        text = data.decode("utf-8", "replace")
        line["removed"] = len(CONTROLS.findall(text))
        data = CONTROLS.sub("", text).replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd").encode()
    else:
        line["text"] = base64.b64encode(data).decode()
    line["root"] = tree(data, "UTF-8" if line["repairs"] else None)
    return line


rng = random.Random(int(sys.argv[1]))
for _ in range(int(sys.argv[2])):
    print(json.dumps(vector(rng)))
