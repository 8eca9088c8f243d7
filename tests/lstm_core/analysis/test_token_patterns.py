"""Patterns on text: what counts as inside quotes and brackets, and regular expressions that do no harm."""

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from lstm_core.analysis.token_patterns import (
    after_newline,
    brackets,
    mark_text,
    quotes,
    regular_expression,
    uppercase,
)
from lstm_core.config import TextConfig, TrainConfig
from lstm_core.tasks import make_task


def marked(text, find, level="characters"):
    """The text with every marked token as it is and every other one as dots."""
    task = make_task(TextConfig("own", level, text=text + "\nabc abc abc abc abc abc"), TrainConfig(4))
    tokens = task.encode(text)
    marks = mark_text(task, tokens, find)
    assert marks.shape == (len(tokens),)
    symbols = [task.vocabulary[token] for token in tokens]
    if level == "words":
        return [symbol for symbol, mark in zip(symbols, marks, strict=True) if mark]
    return "".join(symbol if mark else "·" for symbol, mark in zip(symbols, marks, strict=True))


# quotes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('a "bc" d', '··"bc···'),
        ('a "bc" d "e"', '··"bc····"e·'),
        ("a “bc” d", "··“bc···"),
        ("a „bc“ d “e” f", "··„bc····“e···"),  # German, then English
        ("a „bc” d", "··„bc···"),  # Polish
        ("a «b “c” d» e", "··«b “c” d···"),
        ("a “b 'c' \"d\" e” f", "··“b 'c' \"d\" e···"),
        ('a "b\nc "d" e', '··"b···"d···'),  # an open straight quote ends with its line
        ("a “b\nc” d", "··“b\nc···"),  # the others go on …
        ("a “b\n \nc” d", "··“b·······"),  # … until an empty line
        ("a “b\n“c” d", "··“b\n“c···"),  # opened again on the next line
        ("a” b» c", "·······"),
        ('a ""b', '··"··'),
        ("it's ok", "·······"),
        ('ab "c', '···"c'),
    ],
)
def test_inside_quotes(text, expected):
    assert marked(text, quotes) == expected


def test_inside_quotes_in_words():
    text = 'She said, "Come in, Tom." Then she left. "Why?" he asked.'
    assert marked(text, quotes, "words") == [*'"', "Come", "in", ",", "Tom", ".", *'"', "Why", "?"]


# brackets


def inside_by_counting(text):
    """The depth after each character, of a text in which all brackets match."""
    depth, inside = 0, []
    for sign in text:
        depth += (sign in "([{") - (sign in ")]}")
        inside.append(depth > 0)
    return inside


BALANCED = st.recursive(
    st.text("abc \n", max_size=4),
    lambda inner: st.tuples(inner, st.sampled_from(["()", "[]", "{}"]), inner, inner).map(
        lambda parts: parts[0] + parts[1][0] + parts[2] + parts[1][1] + parts[3]
    ),
    max_leaves=20,
)


@given(BALANCED)
def test_inside_brackets_is_where_the_depth_is_above_zero(text):
    expected = "".join(
        sign if inside else "·" for sign, inside in zip(text, inside_by_counting(text), strict=True)
    )
    assert marked(text, brackets) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a) b (c) d", "·····(c···"),  # nothing was open
        ("a (b] c) d", "··(b] c···"),
        ("a [b (c] d", "··[b (c···"),  # what opened inside ends with the outer one
        ("a < b (c", "······(c"),  # it may close later
    ],
)
def test_brackets_that_do_not_match(text, expected):
    assert marked(text, brackets) == expected


def test_a_smiley_does_not_mark_the_rest_of_the_text():
    text = "ha :( " + "no " * 500 + "(yes) end"
    assert marked(text, brackets).strip("·") == "(yes"


def test_many_brackets_that_never_match_cost_no_more_than_others():
    assert brackets("(" * 20_000 + "]" * 20_000) == []
    assert len(brackets("([" * 20_000 + ")" * 20_000)) == 20_000


@given(st.text("()[]{}ab", max_size=60))
def test_any_brackets_give_spans_inside_the_text(text):
    for first, behind in brackets(text):
        assert 0 <= first < behind <= len(text)
        assert text[first] in "([{"


# newlines, uppercase letters


@pytest.mark.parametrize(
    ("text", "expected"),
    [("ab\ncd\n\n\nef\n", "···c····e··"), ("ab\n  cd", "··· ···"), ("abc", "···")],
)
def test_after_a_newline(text, expected):
    assert marked(text, after_newline) == expected


def test_after_a_newline_in_words():
    assert marked("One two.\n\nThree four\n(five)", after_newline, "words") == ["Three", "("]


def test_uppercase_letters_of_any_script():
    assert marked("Ab ÉÖ ß Дом ΑΩ ǅ 12 日", uppercase) == "A··ÉÖ···Д···ΑΩ·ǅ·····"
    assert marked("Tom saw McDonald and iPhone, the USA", uppercase, "words") == [
        *("Tom", "McDonald", "iPhone", "USA")
    ]


# regular expressions


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("she", "··she····she"),
        (r"\bshe\b", "·········she"),
        ("^.", "a········s··"),  # each line has a beginning …
        (".$", "·······t···e"),  # … and an end
        ("x*", "············"),  # no length, no mark
        (r"(?<=she)\w|t(?=\n)", "·····d·t····"),
        (r"\\|\(|s\{0}", "············"),
        (r"\p{Lu}|[s-z]", "··s····t·s··"),
    ],
)
def test_matches_of_a_regular_expression(pattern, expected):
    assert marked("a shed t\nshe", regular_expression(pattern)) == expected


def test_matches_in_words_mark_the_words_that_they_touch():
    text = "The fox said, “Yes (no).” The foxes left."
    assert marked(text, regular_expression("fox"), "words") == ["fox", "foxes"]
    assert marked(text, regular_expression("x s"), "words") == ["fox", "said"]
    assert marked(text, regular_expression(r"\(no"), "words") == ["(", "no"]
    assert marked(text, regular_expression("fox "), "words") == ["fox"]
    assert marked(text, regular_expression(" "), "words") == []  # spaces belong to no word


def test_a_cluster_is_marked_if_any_of_its_code_points_matches():
    assert marked("a👩‍👩‍👧b", regular_expression("👧")) == "·👩‍👩‍👧·"


def answer(pattern, text):
    """The spans that a pattern finds, and a sentence."""
    try:
        return regular_expression(pattern)(text), "Fine."
    except ValueError as refusal:
        return [], str(refusal)


NASTY = [
    "(a+)+$",
    "(a|aa)+b",
    "(.*)*x",
    "(?:.*.*)*=",
    "(?=(.*)*x)",
    "(?<=(?<=(?<=(a+)+)+)+)b",
    "(?!(a|aa)+b)",
    "((?:.{1,500}){1,500})\\1",
    "a{0,99999}{0,99999}",
    "(?:a{0,99999}){0,99999}x",
    "(?:(?:(?:a{999}){999}){999}){999}",
    "(?:" * 30 + "a" + "+)" * 30 + "+x",
    "(?:" * 20 + "a" + "){99}" * 20,
    "a{99999999}",
    "a{99999999999999999999}",
    "(?:a?){999999999}",
    r"\L<names>",
    "(?R)",
    "a(?R)?b",
    "(?:a|(?0))*x",
    "(?P<x>a|(?&x)b)+",
    "(?P<x>a|(?P>x)b)+",
    "(a)(?-1)(?+1)(b)",
    r"\\(?R)",
    "(?:a b c){e<=5}",
    "(?b)(?:a.*b){i<=2,s<=3}",
    "(?:a.*b){2i+2d+1s<=4}",
    "(?:a.*b){1<=e<=3}",
    "(?x)a{9 9 9 9 9}",
    "(?sx:a{9 9 9 9 9})",
    "(" * 100 + ")" * 100,
    "(?(?=a)b|c)*" * 10,
    "(?r)(a+)+$",
    "(?p)(?:a|ab|.)*",
    "(?V0)(?V1)a",
    "(?L)a",
    "(?#",
    "[",
    "(",
    ")",
    "\\",
    "*",
    "a{2,1}",
    "(?P<1>a)",
    r"\p{Klingon}",
    r"\N{NO SUCH SIGN}",
    "\x00",
    "\ufffd",
]


@pytest.mark.parametrize("pattern", NASTY)
@pytest.mark.parametrize("text", ["a" * 20_000, "ab ba\n" * 3_000])
def test_no_pattern_takes_long(pattern, text):
    """Some would take years, or all memory, if nothing stopped them."""
    spans, refusal = answer(pattern, text)
    assert all(0 <= first <= behind <= len(text) for first, behind in spans)
    assert refusal.endswith(".")
    assert len(refusal) < 300


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("", ["empty", "type one"]),
        ("a(b", ["“a(b” is not", "missing ) at its end"]),
        ("[" + "x" * 150, ["x…” is not a regular expression", "backslash"]),
        ("*a", ["nothing to repeat", "character 1"]),
        ("(?R)", ["refused", "without them"]),
        ("(?:(?:a{999}){999}){999}", ["too large", "smaller numbers"]),
    ],
)
def test_a_refusal_says_what_why_and_what_to_do(pattern, words):
    with pytest.raises(ValueError, match=r"\.$") as refusal:
        regular_expression(pattern)
    for word in words:
        assert word in str(refusal.value)


def test_a_catastrophic_pattern_is_stopped():
    find = regular_expression("(a|aa)+$")
    with pytest.raises(ValueError, match=r"takes longer than 0.5 seconds.*make it simpler"):
        find("a" * 5_000 + "b")


@pytest.mark.parametrize(
    "pattern",
    [
        r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}",
        r"(?i)\b(he|she|it)\b",
        r"(\w+ ){5}\w+",
        r"(?<name>\w+) (?P=name)|(?P<two>o+)",
        r"(?:[A-Z][a-z]+\s+)+(?:of|the)\s+\w+",
        r"def \w+\((?:[^()]+|\([^()]*\))*\):",
        r"\(?1\)?",
        r"\\\(?Random",
        r"\{e}",
        r"\{self}|{ }|{name}",
        r"(?i-s:a.b)(?=x)(?!y)",
        r"\w{1000}",
        r"[(?]R",
    ],
)
def test_ordinary_patterns_are_not_refused(pattern):
    text = "On 2026-01-05T06:30 he saw the the cat. def f(x, (y)):"
    expected = [found.span() for found in regex.finditer(pattern, text, regex.MULTILINE)]
    assert regular_expression(pattern)(text) == expected


@given(st.text("ab(){}[]+*?|.\\^$0123456789,<=!:PRe-xi&", max_size=40))
@example("(?:a){e}")
def test_any_pattern_matches_or_is_refused(pattern):
    assert answer(pattern, "ab ba\n" * 20)[1].endswith(".")


@given(st.text(max_size=40), st.sampled_from(["characters", "words"]))
def test_any_text_can_be_marked(text, level):
    for find in (quotes, brackets, after_newline, uppercase, regular_expression(".")):
        marked(text, find, level)
