"""Text tasks: tokens and back, vocabularies, windows, and what is refused."""

import unicodedata

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lstm_core.config import CORPORA, TextConfig, TrainConfig
from lstm_core.tasks import TextTask, make_task
from lstm_core.tasks.tokens import join_words, normalise, split, visible

SHORT = TrainConfig(sequence_length=4)


def own(text: str, level: str = "characters", train: TrainConfig = SHORT) -> TextTask:
    task = make_task(TextConfig("own", level, text=text), train)
    assert isinstance(task, TextTask)
    return task


def padded(text: str) -> str:
    """Long enough to be learnt, whatever `text` is."""
    return text + "\nabc abc abc abc abc abc"


def many_symbols(count: int) -> str:
    """`count` different Chinese characters, the first ones more often."""
    signs = [chr(0x4E00 + number) for number in range(count)]
    return "".join(signs) + "".join(signs[:500]) * 2


# tokens


@given(st.text())
def test_characters_come_back_exactly(text: str) -> None:
    task = own(padded(text))
    assert task.decode(task.encode(text)) == normalise(text)


@given(st.text(st.characters(codec=None)))
def test_lone_surrogates_crash_nothing(text: str) -> None:
    for level in ("characters", "words"):
        task = own(padded("\ud800\udfff x" + text), level)
        task.decode(task.encode(text + "\ud800")).encode("utf-8")


@given(st.text(), st.text())
def test_any_prompt_can_be_encoded(text: str, prompt: str) -> None:
    for level in ("characters", "words"):
        task = own(padded(text), level)
        assert all(0 <= token < task.vocab_size for token in task.encode(prompt))


@given(st.text())
def test_every_token_has_a_visible_label(text: str) -> None:
    for level in ("characters", "words"):
        task = own(padded(text), level)
        for token in range(task.vocab_size):
            label = task.display(token)
            assert label.strip()
            assert not any(unicodedata.category(sign) == "Cc" for sign in label)


def test_a_grapheme_cluster_is_one_character() -> None:
    assert split(normalise("e\u0301👩‍👩‍👧🇫🇷"), "characters") == ["é", "👩‍👩‍👧", "🇫🇷"]
    assert normalise("a\r\nb\rc") == "a\nb\nc"


def test_a_cluster_of_endless_marks_is_cut() -> None:
    text = "a" + "\u0302\u0301" * 5_000
    tokens = split(text, "characters")
    assert "".join(tokens) == text
    assert max(map(len, tokens)) <= 16


def test_flags_are_pairs_however_many() -> None:
    assert split("🇫🇷" * 50_000 + "🇫", "characters") == ["🇫🇷"] * 50_000 + ["🇫"]


def test_words_marks_and_newlines_are_tokens() -> None:
    assert split("Don't stop, said L’été (no)!\nОй…", "words") == [
        *("Don't", "stop", ",", "said", "L’été", "(", "no", ")", "!", "\n", "Ой", "…")
    ]
    assert split("我们去Tokyo公園。ですね", "words") == [*"我们去", "Tokyo", *"公園。ですね"]
    assert max(map(len, split("x" * 1_000, "words"))) <= 40


@pytest.mark.parametrize(
    "text",
    [
        'The fox said, "Come in (it is late)." "No!" said Tom.\nThen he left; and so on...',
        "“Oui”, dit-elle: l’été (déjà) est fini!",
        "„Grüße“, sagte er – „und schöne“.",
        "At 08:15:27 it was 3.14 of 2026-01-05.",
        "我们去公園。ですね",
    ],
)
def test_words_are_spaced_as_a_person_would(text: str) -> None:
    assert join_words(split(text, "words")) == text


def test_unknown_words_are_tried_in_another_case() -> None:
    task = own("The cat saw the dog and Tom saw it.\n" * 5, "words")
    assert task.decode(task.encode("SAW tom")) == "saw Tom"


def test_labels() -> None:
    assert [visible(sign) for sign in (" ", "\n", "\t", "\x00", "\x7f", "a")] == [*"␣↵⇥␀␡a"]
    assert visible("\u200b") == "U+200B"
    assert visible("\u0301").startswith("◌")


# vocabularies


def test_symbols_that_are_left_out_share_a_sign() -> None:
    task = own(many_symbols(1_500))
    assert task.vocab_size == 1_001
    assert task.unknown is not None
    assert task.display(task.unknown) == "▢"
    assert task.encode(chr(0x4E00 + 1_400) + "Ω") == [task.unknown, task.unknown]
    # the frequent ones stay, then those that came first
    assert task.unknown not in task.encode("".join(chr(0x4E00 + number) for number in range(1_000)))
    assert "1,500" in task.notes[0]
    assert "1,000" in task.notes[0]
    assert "80.0 %" in task.notes[0]


def test_without_rare_symbols_strange_ones_are_skipped() -> None:
    task = own(padded(""))
    assert task.unknown is None
    assert task.notes == ()
    assert task.encode("aΩb") == task.encode("ab")


def test_the_sign_itself_may_occur_in_the_text() -> None:
    task = own("▢" * 50 + many_symbols(1_200))
    assert task.vocabulary.count("▢") == 1
    assert task.encode("▢") == [task.unknown]


@given(st.lists(st.integers(0, 4_000), min_size=200, max_size=3_000))
def test_vocabularies_are_limited_and_distinct(numbers: list[int]) -> None:
    text = padded(" ".join(f"w{number}" for number in numbers))
    task = own(text, "words")
    assert task.vocab_size <= 2_001
    assert len(set(task.vocabulary)) == task.vocab_size
    assert own(text, "words").vocabulary == task.vocabulary


# windows


@given(seed=st.integers(0, 2**32), batch_size=st.integers(1, 40), length=st.integers(1, 64))
def test_targets_are_inputs_one_step_on(seed: int, batch_size: int, length: int) -> None:
    task = make_task(TextConfig("rhymes"), TrainConfig())
    batch = task.batch(np.random.default_rng(seed), batch_size, length)
    assert batch.inputs.shape == batch.targets.shape == (length, batch_size)
    assert batch.inputs.dtype == batch.targets.dtype == torch.int64
    assert torch.equal(batch.inputs[1:], batch.targets[:-1])
    again = task.batch(np.random.default_rng(seed), batch_size, length)
    assert torch.equal(batch.inputs, again.inputs)
    assert torch.equal(batch.targets, again.targets)


@given(seed=st.integers(0, 2**32), noise=st.floats(0.01, 1.0))
def test_noise_disturbs_inputs_only(seed: int, noise: float) -> None:
    task = make_task(TextConfig("rhymes"), TrainConfig())
    clean = task.batch(np.random.default_rng(seed), 16, 64)
    noisy = task.batch(np.random.default_rng(seed), 16, 64, noise)
    assert torch.equal(clean.targets, noisy.targets)
    assert noisy.inputs.min() >= 0
    assert noisy.inputs.max() < task.vocab_size
    changed = (noisy.inputs != clean.inputs).double().mean().item()
    # a replaced token may be the same again; 1,024 tokens, five standard deviations
    assert abs(changed - noise * (1 - 1 / task.vocab_size)) < 5 * 0.5 / 32


def test_without_noise_the_generator_is_left_alone() -> None:
    task = make_task(TextConfig("rhymes"), TrainConfig())
    plain, silent = np.random.default_rng(1), np.random.default_rng(1)
    task.batch(plain, 4, 8)
    task.batch(silent, 4, 8, 0.0)
    assert plain.random() == silent.random()


def test_every_training_token_can_be_drawn() -> None:
    task = own("abcdefghij")  # 8 train, 2 validate: windows begin at 0..3
    batch = task.batch(np.random.default_rng(0), 200, 4)
    assert set(batch.inputs[0].tolist()) == {0, 1, 2, 3}
    assert int(batch.targets.max()) == 7


@pytest.mark.parametrize("length", [1, 4, 64, 256])
def test_validation_reads_the_last_part_and_nothing_else(length: int) -> None:
    task = make_task(TextConfig("rhymes"), TrainConfig())
    assert isinstance(task, TextTask)
    batch = task.validation(length)
    valid = task.valid_tokens.tolist()
    assert batch.inputs.shape[0] == min(length, len(valid) - 1)
    assert 1 <= batch.inputs.shape[1] <= 32
    joined = ",".join(map(str, valid)) + ","
    for column in range(batch.inputs.shape[1]):
        window = [*batch.inputs[:, column].tolist(), int(batch.targets[-1, column])]
        assert ",".join(map(str, window)) + "," in joined
    assert torch.equal(batch.inputs, task.validation(length).inputs)


def test_the_last_tenth_validates() -> None:
    task = own("ab" * 500)
    assert (len(task.train_tokens), len(task.valid_tokens)) == (900, 100)
    tiny = own("abababa")
    assert (len(tiny.train_tokens), len(tiny.valid_tokens)) == (5, 2)
    assert tiny.validation(64).inputs.shape == (1, 1)


# probes and prompts


@pytest.mark.parametrize("level", ["characters", "words"])
@pytest.mark.parametrize("corpus", [name for name in CORPORA if name != "own"])
def test_bundled_corpora_bring_a_probe_and_a_prompt(corpus: str, level: str) -> None:
    task = make_task(TextConfig(corpus, level), TrainConfig())
    assert isinstance(task, TextTask)
    assert len(task.encode(task.default_probe)) >= 8
    prompt = task.encode(task.default_prompt)
    assert prompt
    assert task.unknown is None or task.unknown not in prompt
    assert task.vocab_size == len(task.vocabulary)
    assert task.name
    assert task.level == level


@given(st.text(min_size=1))
def test_own_texts_have_a_probe_and_a_prompt(text: str) -> None:
    for level in ("characters", "words"):
        task = own(padded(text), level)
        assert task.encode(task.default_probe)
        assert task.encode(task.default_prompt)


def test_the_prompt_of_a_text_begins_where_all_symbols_are_known() -> None:
    common = "".join(chr(0x4E00 + number) for number in range(1_000))
    task = own("鿐鿑" + common[:5] + "鿒" + common * 3)
    assert task.unknown in task.train_tokens[:2]
    assert task.default_prompt == common[:12]


def test_the_probe_starts_at_a_line() -> None:
    text = "".join(f"line {number} goes on and on and on\n" for number in range(100))
    assert own(text).default_probe.startswith("line ")
    assert own(text, "words").default_probe.startswith("line ")


# refusals


@pytest.mark.parametrize(
    ("text", "length", "words"),
    [
        ("", 4, ["empty"]),
        (" \n\t", 4, ["empty"]),
        ("a", 4, ["nothing to predict"]),
        ("aaaaaaaaaaaaaaaa", 4, ["nothing to predict"]),
        ("abc", 4, ["3", "4", "paste more"]),
        ("ab" * 20, 64, ["40 characters", "64", "at most 35", "paste more"]),
        ("a" * 2_000_001, 4, ["2,000,001", "2,000,000"]),
    ],
)
def test_texts_that_cannot_be_learnt_are_refused(text: str, length: int, words: list[str]) -> None:
    with pytest.raises(ValueError, match=r"[^.]\.$") as refusal:
        own(text, train=TrainConfig(sequence_length=length))
    for word in words:
        assert word in str(refusal.value)


def test_the_length_that_a_refusal_proposes_works() -> None:
    task = own("ab" * 20, train=TrainConfig(sequence_length=35))
    assert task.batch(np.random.default_rng(0), 2, 35).inputs.shape == (35, 2)
    with pytest.raises(ValueError, match="lower the sequence length"):
        task.batch(np.random.default_rng(0), 2, 36)


@given(st.text(max_size=60), st.sampled_from(["characters", "words"]), st.integers(4, 40))
def test_any_text_is_learnt_or_refused(text: str, level: str, length: int) -> None:
    try:
        task = own(text, level, TrainConfig(sequence_length=length))
    except ValueError as refusal:
        sentence = str(refusal)
    else:
        sentence = "Fine."
        batch = task.batch(np.random.default_rng(0), 2, length)
        assert int(batch.targets.max()) < task.vocab_size
        assert task.validation(length).inputs.numel() > 0
    assert sentence.endswith(".")


def test_a_long_run_of_marks_is_cut_before_it_is_sorted():
    task = own("ab" + "\u0301\u0316" * 200_000 + " and more text that is plain" * 20)
    assert len(task.vocabulary) < 30
