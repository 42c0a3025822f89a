"""Random texts with what Python makes of them: one JSON object a line.

usage: texts_peer.py SEED COUNT

A line has `html`, `letters` (the letters and digits of its text), `text` and `lower` (in lower case).
"""

import json
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "LocalCloud"))

from car.html_text import letters, text_of  # noqa: E402

PIECES = [
    "a", "Zeit", " ", "\n", "<", ">", "<P>", "</P>", "<BR/>", "<b class='x>y'>", "</b >", "<!-- no <b> -->", "<!--", "-->",
    "<script>if (a<b) x()</script>", "<style>p{}</STYLE >", "<SCRIPT", "<a href='http://h.test/?a=1&amp;b=2'>", "</a>",
    '<A HREF="x y" TARGET=_blank>', "<a href=plain>", "<a name=top>", "<A\nHREF = 'late'\n>", "&amp;", "&lt;b&gt;", "&eacute;",
    "&eacute", "&notit;", "&#65;", "&#x42", "&#8217;", "&#150;", "&#0;", "&#xD800;", "&nbsp;", "&nosuch;", "&", "&;", "1 < 2",
    "x<3", "</ p>", "<!DOCTYPE html>", "</", "<a", "ß", "Größe", "日本", "&Scaron;", "&Alpha;", "&AMP;", "'", '"', "=", "/",
]  # fmt: skip
WORDS = ["ΣΑΣ", "Σ", "ΑΣ.", "ΑΣΑ", "İ", "ẞ", "ÄÖ", "ǅ", "K", "abc", "Σ'", " ", "ΑΣ\u0301", "\u0301Σ", "1Σ", "Ω"]


def main(seed: int, count: int) -> None:
    rng = random.Random(seed)
    for _ in range(count):
        html = "".join(rng.choice(PIECES) for _ in range(rng.randrange(12)))
        text = "".join(rng.choice(WORDS) for _ in range(rng.randrange(6)))
        line = {"html": html, "letters": letters(text_of(html)), "text": text, "lower": text.lower()}
        print(json.dumps(line, ensure_ascii=False))


main(int(sys.argv[1]), int(sys.argv[2]))
