"""The Guide: in one screen what an LSTM is, what each panel shows, and where to start."""

from pathlib import Path

import streamlit as st

from pages.common.colours import GATES, on_dark
from pages.common.heading import heading
from pages.panels.playback.without_run import page_without_run

# capital letters stand for the colours of the gates
EQUATIONS = r"""\begin{aligned}
\textcolor{I}{i_t} &= \sigma(W_{ii} x_t + b_{ii} + W_{hi} h_{t-1} + b_{hi})\\
\textcolor{F}{f_t} &= \sigma(W_{if} x_t + b_{if} + W_{hf} h_{t-1} + b_{hf})\\
\textcolor{G}{g_t} &= \tanh(W_{ig} x_t + b_{ig} + W_{hg} h_{t-1} + b_{hg})\\
\textcolor{O}{o_t} &= \sigma(W_{io} x_t + b_{io} + W_{ho} h_{t-1} + b_{ho})\\
\textcolor{C}{c_t} &= \textcolor{F}{f_t} \odot \textcolor{C}{c_{t-1}}
    + \textcolor{I}{i_t} \odot \textcolor{G}{g_t}\\
\textcolor{H}{h_t} &= \textcolor{O}{o_t} \odot \tanh(\textcolor{C}{c_t})
\end{aligned}"""
for gate, colour in GATES.items():
    if st.context.theme.type == "dark":
        colour = on_dark(colour)
    EQUATIONS = EQUATIONS.replace(f"{{{gate.upper()}}}", f"{{{colour}}}")

PANELS = {
    "Cell state c": "a row a unit, a column a token. Red above 0, blue below. Stripes are memories.",
    "Gates i, f, o": "full colour is open (1), faint is closed (0). A faint spot in f: here a unit forgets.",
    "Candidate g, hidden h": "what a unit could write; what it tells the rest of the network.",
    "What it writes, forecasts": "fed with its own output, with the same dice: only the network changes.",
    "History": "drag it back, and every panel shows the network as it was then.",
    "Loss": "grey on what it learns from, orange on what it never sees. When they part, it learns by heart.",
}
TEXT = {"text_corpus": "tales", "text_level": "characters", "text_hidden_size": "64", "text_prompt": ""}
SERIES = {"series_hidden_size": "32", "series_sequence_length": "48"}
# icon, label, page, what the address holds, what to look for
STARTS = [
    (
        ":material/menu_book:",
        "Letters become words",
        "text.py",
        TEXT,
        "In 10 seconds. Drag the temperature.",
    ),
    (
        ":material/exposure_plus_1:",
        "A unit that counts",
        "text.py",
        TEXT | {"text_corpus": "counting", "text_hidden_size": "16"},
        "As many b as a: look for a row that rises, then falls.",
    ),
    (
        ":material/data_array:",
        "Brackets that close",
        "text.py",
        TEXT | {"text_corpus": "brackets"},
        "Which rows stay lit while a bracket is open?",
    ),
    (
        ":material/keyboard:",
        "The next word",
        "text.py",
        TEXT | {"text_level": "words"},
        "Type into the prompt, as on a phone's keyboard.",
    ),
    (
        ":material/show_chart:",
        "A sine in seconds",
        "series.py",
        SERIES | {"series_kind": "sine"},
        "The orange curve feeds on itself.",
    ),
    (
        ":material/sunny:",
        "An honest hard case",
        "series.py",
        SERIES | {"series_kind": "sunspots"},
        "Does it beat “same as last value”?",
    ),
]
INSIDE = [
    (
        ":material/format_quote:",
        "A unit for quotes",
        "inside.py",
        {},
        "Find the unit that tells inside from outside.",
    ),
    (
        ":material/account_tree:",
        "Number by number",
        "cell.py",
        {},
        "One unit, one step, the number on every edge.",
    ),
    (
        ":material/touch_app:",
        "Play cell",
        "cell.py",
        {"cell": "By hand"},
        "You set the weights. Can you make c count?",
    ),
    (
        ":material/lock_open:",
        "Forget everything",
        "hands.py",
        {},
        "Hold f at 0, and watch the sentence fall apart.",
    ),
    (
        ":material/power_settings_new:",
        "One unit less",
        "hands.py",
        {},
        "Switch a unit off. Does the text notice?",
    ),
    (
        ":material/history:",
        "Back in time",
        "text.py",
        {},
        "Drag History to its left end, then press Film.",
    ),
]
WHY = [
    (
        ":material/memory:",
        "Who remembers?",
        "memory.py",
        {},
        "RNN, GRU, LSTM: one symbol, 50 steps later. Drag the lag.",
    ),
    (
        ":material/lock_clock:",
        "It is the bias",
        "memory.py",
        {"memory_forget_bias": "0.0"},
        "The same LSTM, forget bias 0. Does its name help it?",
    ),
    (
        ":material/undo:",
        "Back through time",
        "bptt.py",
        {},
        "The gradient on its way back. Cut it with Truncation.",
    ),
    (
        ":material/content_cut:",
        "Take a gate away",
        "ablation.py",
        {},
        "Nine LSTMs: which part is missed the most?",
    ),
    (
        ":material/compare_arrows:",
        "One thing changed",
        "compare.py",
        {},
        "LSTM and GRU, step by step on the same text.",
    ),
    (
        ":material/swap_horiz:",
        "From both sides",
        "text.py",
        TEXT | {"text_goal": "gaps", "text_bidirectional": "True"},
        "Fill gaps, knowing what comes before and after.",
    ),
]

page_without_run("guide")
left, right = st.columns([5, 6], gap="large")
with left:
    st.subheader("What an LSTM is", anchor=False)
    st.markdown(
        "A **long short-term memory** reads a sequence step by step. Each of its units carries a number, the "
        "**cell state c**, along a lane on which it is only ever scaled and added to. Three **gates**, each "
        "between 0 and 1, decide at every step what is written to it, kept of it and shown of it. "
        "Nothing squashes c on its way, so a memory can last, and so can the gradient that teaches it."
    )
    st.image(
        str(Path(__file__).with_name("images") / "cell.svg"),
        width=424,
        alt="Diagram of one LSTM cell with its four gates.",
    )
    st.latex(EQUATIONS)
with right:
    names = ["Where to start", "Look inside", "Why an LSTM"]
    for tab, starts in zip(st.tabs(names), (STARTS, INSIDE, WHY), strict=True):
        for row in (starts[:3], starts[3:]):
            for column, (icon, label, page, query, look) in zip(tab.columns(3), row, strict=True):
                with column, st.container(border=True, gap="xxsmall", height="stretch"):
                    st.page_link(page, label=f"**{label}**", icon=icon, query_params=query)
                    st.caption(look)
    heading("What each panel shows", "hover anything on a page to read what it is, and its exact value")
    st.markdown("\n".join(f"- **{panel}**: {about}" for panel, about in PANELS.items()))
    st.caption(
        "Sliders under LIVE act while you drag them; those under DATA start a new network. **Share** lets "
        "others follow your run on their own screens; whoever has the page's own address can change it. "
        "Equations as in PyTorch; Hochreiter & Schmidhuber 1997, forget gate: Gers et al. 2000."
    )
