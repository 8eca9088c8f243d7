"""Adam: to the bit as PyTorch's, and what it remembers."""

import subprocess
import sys

import torch
from hypothesis import given
from hypothesis import strategies as st

from lstm_core.training.adam import Adam, read_adam

SHAPES = {"weight": (12, 7), "bias": (12,), "unused": (3,)}


def parameters(seed, dtype=torch.float32):
    rng = torch.Generator().manual_seed(seed)
    return {
        name: torch.randn(*shape, generator=rng, dtype=dtype).requires_grad_()
        for name, shape in SHAPES.items()
    }


def gradients(seed, *many):
    """The same ones for all of `many`, of several sizes; none for "unused"."""
    rng = torch.Generator().manual_seed(seed)
    for name in ("weight", "bias"):
        drawn = torch.randn(*SHAPES[name], generator=rng) * 10 ** torch.randint(-6, 3, (1,), generator=rng)
        for one in many:
            one[name].grad = drawn.to(one[name].dtype)


@given(
    st.integers(0, 99),
    st.lists(st.floats(1e-5, 1.0), min_size=1, max_size=20),
    st.sampled_from([torch.float32, torch.float64]),
)
def test_every_step_is_that_of_pytorch_to_the_bit(seed, rates, dtype):
    own, theirs = parameters(seed, dtype), parameters(seed, dtype)
    adam, reference = Adam(own), torch.optim.Adam(theirs.values(), fused=True)
    for number, rate in enumerate(rates):
        gradients(1000 * seed + number, own, theirs)
        adam.step(rate)
        reference.param_groups[0]["lr"] = rate
        reference.step()
        assert all(torch.equal(own[name], theirs[name]) for name in SHAPES)


def test_what_was_kept_is_gone_on_from_to_the_bit():
    one, other = parameters(1), parameters(1)
    adam = Adam(one)
    assert adam.state() == {}
    for number in range(5):
        gradients(number, one)
        adam.step(0.01)
    kept = read_adam(adam.state(), one, 5)
    for name in SHAPES:
        other[name].data.copy_(one[name].data)
    again = Adam(other)
    again.load(kept)
    for number in range(5):
        gradients(10 + number, one, other)
        adam.step(0.01)
        again.step(0.01)
    assert all(torch.equal(one[name], other[name]) for name in SHAPES)
    assert kept["step"] == 5.0
    again.load({})
    assert again.state() == {}


def test_a_process_that_trains_does_not_import_the_compiler():
    training = (
        "import sys; from lstm_core.config import RunConfig; from lstm_core.training.trainer import Trainer; "
        "Trainer(RunConfig()).step(); sys.exit('torch._dynamo' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", training], check=True, timeout=60)
