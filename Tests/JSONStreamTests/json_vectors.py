"""Random JSON texts, many of them damaged, with what Python's json makes of them: one JSON object a line.

usage: json_vectors.py SEED COUNT

A line has `text` (base64), `dumps` (what json.dumps writes for it; null when it is refused), `page` (whether the text
is a page of items), and of a page `items` (json.dumps of each) and `found` (the text of its responseCode and lastId).
"""

import base64
import json
import random
import sys

LETTERS = ["a", "Z", " ", "ä", "–", "日", "😀", "\x7f", "\u2028", "\ufffd", "/", "<", "\"", "\\", "\n", "\t", "\x01", "\x1f", "\b"]

NAMES = {"ServiceResponse", "responseCode", "data", "lastId", "other", "x"}


def string(rng):
    return "".join(rng.choice(LETTERS) for _ in range(rng.choice([0, 1, 3, 8, 30, 200])))


def number(rng):
    whole = rng.choice(["0", "7", "-1", "-0", "2147483648", "9007199254740993", "-9223372036854775809", "1" * 30])
    if rng.random() < 0.5:
        return whole
    fraction = rng.choice(["", ".0", ".5", ".10", ".000001", f".{rng.getrandbits(60)}"])
    exponent = rng.choice(["", "e5", "E+3", "e-7", "e15", "e16", "e-300", "e290"])
    return whole + fraction + exponent


def space(rng):
    return "".join(rng.choice(" \n\r\t") for _ in range(rng.choice([0, 0, 0, 1, 2])))


def quoted(rng, text):
    """As a writer may choose: with escapes or without."""
    out = []
    for letter in text:
        way = rng.random()
        if way < 0.1:
            units = letter.encode("utf-16-be")
            digits = [f"{units[i] << 8 | units[i + 1]:04x}" for i in range(0, len(units), 2)]
            out += ["\\u" + (digit.upper() if rng.random() < 0.5 else digit) for digit in digits]
        elif letter == "/" and way < 0.5:
            out.append("\\/")
        else:
            out.append(json.dumps(letter, ensure_ascii=way < 0.3)[1:-1])
    if rng.random() < 0.03 and text not in NAMES:
        out.insert(rng.randrange(len(out) + 1), rng.choice(["\\ud800", "\\udc00", "\\uDBFF\\u0041", "\\ud83d\\n"]))
    return '"' + "".join(out) + '"'


def value(rng, depth):
    kind = rng.random()
    if depth > 0 and kind < 0.25:
        return array(rng, [value(rng, depth - 1) for _ in range(rng.choice([0, 1, 2, 6]))])
    if depth > 0 and kind < 0.6:
        names = {string(rng) for _ in range(rng.choice([0, 1, 3, 9]))}
        return object_(rng, [(name, value(rng, depth - 1)) for name in sorted(names)])
    if kind < 0.8:
        return quoted(rng, string(rng))
    return number(rng) if kind < 0.93 else rng.choice(["true", "false", "null"])


def array(rng, elements):
    return "[" + space(rng) + ",".join(space(rng) + element + space(rng) for element in elements) + "]"


def object_(rng, members):
    written = [space(rng) + quoted(rng, name) + space(rng) + ":" + space(rng) + text + space(rng) for name, text in members]
    return "{" + space(rng) + ",".join(written) + "}"


def page(rng):
    members = [
        ("responseCode", rng.choice(['"SUCCESS"', "null", '"IN\\u0056ALID"'])),
        ("data", array(rng, [value(rng, 3) for _ in range(rng.choice([0, 1, 5, 20]))])),
        ("lastId", number(rng)),
        ("other", value(rng, 3)),
    ]
    rng.shuffle(members)
    return object_(rng, [("x", value(rng, 2)), ("ServiceResponse", object_(rng, members)), ("data", "[1]")])


def damaged(rng, data):
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 2])):
        place = rng.randrange(len(data) + 1)
        way = rng.random()
        if way < 0.3:
            del data[place:]
        elif way < 0.6:
            del data[place : place + rng.choice([1, 1, 2, 5])]
        elif way < 0.8:
            data[place:place] = rng.choice([b",", b"0", b"]", b"}", b'"', b"\\", b"\x00", b"e", b"-", b"\xc3", b" ", b"nul"])
        elif data:
            data[place % len(data)] = rng.randrange(256)
    return bytes(data)


def refuse(name):
    raise ValueError(name)


def unique(pairs):
    if len(dict(pairs)) < len(pairs):
        raise KeyError
    return dict(pairs)


def load(data, **options):
    # `Infinity` and `NaN` are Python's own.
    return json.loads(data.decode(), parse_constant=refuse, **options)


def scalar(value):
    return None if value is None else value if isinstance(value, str) else str(value)


def vector(rng):
    is_page = rng.random() < 0.3
    data = (page(rng) if is_page else space(rng) + value(rng, rng.choice([0, 1, 4])) + space(rng)).encode()
    line = {"page": is_page}
    if rng.random() < 0.4:
        data, line["page"] = damaged(rng, data), False
    try:
        loaded = load(data, object_pairs_hook=unique)
    except KeyError:
        return vector(rng)
    except ValueError:
        loaded, line["dumps"] = None, None
    else:
        line["dumps"] = json.dumps(loaded)
        if "Infinity" in line["dumps"]:
            return vector(rng)
    if line["page"]:
        answer = load(data, parse_float=str, parse_int=str)["ServiceResponse"]
        line["items"] = [json.dumps(item) for item in loaded["ServiceResponse"]["data"]]
        line["found"] = [scalar(answer["responseCode"]), scalar(answer["lastId"])]
    return {"text": base64.b64encode(data).decode(), **line}


rng = random.Random(int(sys.argv[1]))
for _ in range(int(sys.argv[2])):
    print(json.dumps(vector(rng)))
