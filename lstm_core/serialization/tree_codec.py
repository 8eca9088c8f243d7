"""A state tree as JSON values and named tensors, and back.

In JSON {"$": ["tensor", name]} stands for a tensor, "array" for a NumPy array, and {"$": ["float", "nan"]}
for a number that JSON does not have. A key that begins with "$" gets one more.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

DEEPEST = 32  # levels
DTYPES = ("float32", "float64", "int32", "int64", "uint8", "bool")


def flatten(tree: Any) -> tuple[Any, dict[str, Tensor]]:
    """The tree as JSON values, and its tensors and arrays by the names that stand for them there.

    The tensors may be those of the tree, not copies. Raises ValueError for what has no place in a tree.
    """
    tensors: dict[str, Tensor] = {}
    storages: set[int] = set()

    def keep(tensor: Tensor) -> str:
        if _dtype(tensor) not in DTYPES:
            raise ValueError(f"a tree holds {', '.join(DTYPES)}, and not {_dtype(tensor)}.")
        tensor, name = tensor.detach().contiguous(), str(len(tensors))
        storage = tensor.untyped_storage()
        if storage.nbytes() != tensor.nbytes or storage.data_ptr() in storages:  # a part, or there twice
            tensor = tensor.clone()
        storages.add(tensor.untyped_storage().data_ptr())
        tensors[name] = tensor
        return name

    def walk(value: Any, depth: int) -> Any:
        if depth > DEEPEST:
            raise ValueError(f"a tree has at most {DEEPEST} levels.")
        if value is None or isinstance(value, str | bool | int):
            return value
        if isinstance(value, float):  # NumPy's float64 is one, too
            return float(value) if math.isfinite(value) else {"$": ["float", repr(float(value))]}
        if isinstance(value, list):
            return [walk(item, depth + 1) for item in value]
        if isinstance(value, dict) and all(isinstance(key, str) for key in value):
            return {
                f"${key}" if key[:1] == "$" else key: walk(item, depth + 1) for key, item in value.items()
            }
        if isinstance(value, Tensor):
            return {"$": ["tensor", keep(value)]}
        if isinstance(value, np.ndarray) and value.dtype.name in DTYPES:
            native = np.array(value, value.dtype.newbyteorder("="), order="C")
            return {"$": ["array", keep(torch.from_numpy(native))]}
        raise ValueError(f"a tree cannot hold {type(value).__name__}.")

    return walk(tree, 0), tensors


def unflatten(plain: Any, tensors: dict[str, Tensor]) -> Any:
    """The tree again. Raises ValueError for what `flatten` does not make, and for tensors left over."""
    left = dict(tensors)

    def marked(mark: Any) -> Any:
        if isinstance(mark, list) and len(mark) == 2 and all(isinstance(part, str) for part in mark):
            kind, name = mark
            if kind in ("tensor", "array") and name in left:
                tensor = left.pop(name)
                if _dtype(tensor) not in DTYPES:
                    raise ValueError(
                        f"tensor {name[:40]!r} is {_dtype(tensor)}, which has no place in a tree."
                    )
                return tensor if kind == "tensor" else tensor.numpy()
            if kind == "float" and name in ("nan", "inf", "-inf"):
                return float(name)
        raise ValueError(f"{str(mark)[:60]} stands for nothing that is there.")

    def walk(value: Any, depth: int) -> Any:
        if depth > DEEPEST:
            raise ValueError(f"it is nested in more than {DEEPEST} levels.")
        if isinstance(value, list):
            return [walk(item, depth + 1) for item in value]
        if not isinstance(value, dict):
            return value
        if "$" in value:
            if len(value) > 1:
                raise ValueError("a value that stands for another one has a name beside it.")
            return marked(value["$"])
        return {key[1:] if key[:1] == "$" else key: walk(item, depth + 1) for key, item in value.items()}

    tree = walk(plain, 0)
    for name in left:
        raise ValueError(f"tensor {name[:40]!r} belongs nowhere.")
    return tree


def to_json(value: Any) -> str:
    """Strict JSON that can be written as UTF-8. Raises ValueError for NaN, infinity and what JSON has not."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair, as somebody may have typed
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    except TypeError as error:
        raise ValueError(f"this cannot be written: {error}.") from error
    return text


def from_json(data: str | bytes) -> Any:
    """The value of strict JSON. Raises ValueError, one sentence, for anything else."""
    try:
        value = json.loads(data, parse_constant=_refuse, object_pairs_hook=_once)
    except RecursionError:
        raise ValueError("it is nested too deeply.") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"it is not JSON: {str(error)[:100]}.") from None
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(DEEPEST + 1):
        parts = (node.values() if isinstance(node, dict) else node for node in level)
        level = [part for some in parts for part in some if isinstance(part, dict | list)]
    if level:
        raise ValueError(f"it is nested in more than {DEEPEST} levels.")
    return value


def _dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _refuse(name: str) -> Any:
    raise ValueError(f"it is not JSON: {name} is no number there.")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is there twice.")
    return found
