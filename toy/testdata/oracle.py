#!/usr/bin/env python3
"""Writes oracle.json: what PyTorch computes for toy's model, losses, gradients and optimizer.

    python3 toy/testdata/oracle.py > toy/testdata/oracle.json

Made with PyTorch 1.13. The values are float64, computed with float64 weights: the truth that toy's float32 is held against. The same
was run in float32; how far that is from the truth is in "float32", so that a tolerance has a reason.

Model: pre-LN GPT, GELU by its tanh approximation, LayerNorm with eps 1e-5, attention scaled by 1/sqrt(width/heads), learned positions
from 0, untied head without bias. Tensors stand in the order of shapes(); matrices are [in, out], row-major: y = x W + b.

Input is generated, so that only short lists are stored. The generator is
    state = (1664525 state + 1013904223) mod 2^32,   k = state >> 16   (0 <= k < 65536), the state starting as the seed,
and draw(seed, scale) is scale (k / 65536 - 1/2), exact in float32 for the scales used. Weights are one such sequence over all tensors
in order, with the seed and scale of the model's entry; 1 is added to the numbers of a gain.

Layout:
    generator: the first five k of seed 1, to check a port of the generator by
    kl: {rows, vocabulary, scale, seeds [p, q], values}: KL(softmax(p) || softmax(q)) in nats of each row of two sets of logits
    models: [{
      name, vocabulary, context, width, layers, heads, seed, scale
      pairs: [{prompt, chosen, rejected, reference [chosen, rejected]}]   tokens; the reference's summed log-probs, made up
      logps: [{chosen, rejected}]      log-prob of every response token, nats: the first is predicted by the prompt's last token
      sums: [[chosen, rejected]]       their sums
      dpo: {beta, loss, norm, gradients}
          loss: mean over pairs of -log sigmoid(beta ((chosen - its reference) - (rejected - its reference)))
          norm: L2 norm over all gradients
      adamw: {lr, beta1, beta2, eps, decay, clip, losses, norms, weights}
          ten steps on the same pairs with a constant lr; losses and norms before each of them, weights after the last.
          Each step scales the gradient by min(1, clip / (norm + 1e-6)) (torch.nn.utils.clip_grad_norm_) and then does
              w = w (1 - lr decay),   m = beta1 m + (1 - beta1) g,   v = beta2 v + (1 - beta2) g^2,
              w = w - lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)
          where decay is 0 for all but wte, wpe, *.qkv.weight, *.out.weight, *.up.weight, *.down.weight and head.weight
      lm: {sequences, loss, gradients}
          loss: mean of -log p over all tokens of both sequences but each sequence's first
      float32: {logps, loss, gradients, losses, weights, lm}
          largest deviation of the float32 run. Of numbers: relative. Of tensors: relative to the tensor's largest absolute value.
    }]
    A set of tensors (gradients, weights) is {name: numbers} for the model "tiny". For "default" it is
    {name: {norm, check, every, slice}}: L2 norm; sum of x[i] ((i mod 7) - 3); the numbers at 0, every, 2 every, ... of the flat tensor.

Beware of one thing. The middle third of an attn.qkv.bias (the keys') has a gradient of exactly zero, since adding one vector to all
keys changes no softmax. Rounding makes it a tiny number, which AdamW divides by its own size: in float32 these weights drift by up to lr
a step, to no effect on any output. Do not compare them after AdamW; they are left out of "float32", and out of norm, check and slice
as if they were 0 in "adamw".weights.
"""
import json
import math
import sys

import torch
import torch.nn.functional as F

ADAMW = {"lr": 1e-3, "beta1": 0.9, "beta2": 0.98, "eps": 1e-8, "decay": 0.01, "clip": 1.0}
STEPS = 10
SLICE = 16  # numbers kept of a tensor of the default model

# Lengths of prompt, chosen and rejected: one pair fills the context. The betas make clipping act at every step of the tiny model and at
# the first two of the default one, whose loss a larger beta would bring to nearly 0, where AdamW divides rounding by rounding.
MODELS = [
    {"name": "tiny", "vocabulary": 11, "context": 10, "width": 8, "layers": 2, "heads": 2, "seed": 1, "scale": 1.0,
     "lengths": [(3, 5, 2), (2, 1, 8), (4, 6, 3)], "sequences": [10, 4], "nats": 2.5, "beta": 0.5},
    {"name": "default", "vocabulary": 68, "context": 24, "width": 48, "layers": 2, "heads": 4, "seed": 2, "scale": 0.5,
     "lengths": [(6, 12, 9), (8, 16, 4), (5, 1, 19)], "sequences": [24, 11], "nats": 4.5, "beta": 0.05},
]


def integers(seed):
    """Yields k of the generator."""
    state = seed
    while True:
        state = (1664525 * state + 1013904223) % 2**32
        yield state >> 16


def draw(generator, count, scale):
    return [scale * (next(generator) / 65536 - 0.5) for _ in range(count)]


def shapes(m):
    """The tensors in their order: name -> shape."""
    v, t, c = m["vocabulary"], m["context"], m["width"]
    out = {"wte": (v, c), "wpe": (t, c)}
    for i in range(m["layers"]):
        layer = {"ln1.gain": (c,), "ln1.bias": (c,), "attn.qkv.weight": (c, 3 * c), "attn.qkv.bias": (3 * c,),
                 "attn.out.weight": (c, c), "attn.out.bias": (c,), "ln2.gain": (c,), "ln2.bias": (c,),
                 "mlp.up.weight": (c, 4 * c), "mlp.up.bias": (4 * c,), "mlp.down.weight": (4 * c, c), "mlp.down.bias": (c,)}
        out.update({f"layers.{i}.{name}": shape for name, shape in layer.items()})
    out.update({"lnf.gain": (c,), "lnf.bias": (c,), "head.weight": (c, v)})
    return out


def weights(m, dtype, shapes=shapes):
    generator, out = integers(m["seed"]), {}
    for name, shape in shapes(m).items():
        w = torch.tensor(draw(generator, math.prod(shape), m["scale"]), dtype=torch.float64).reshape(shape)
        if name.endswith("gain"):
            w += 1
        assert torch.equal(w.float().double(), w), "not exact in float32"
        out[name] = w.to(dtype).requires_grad_()
    return out


def tokens(m, generator, count):
    return [next(generator) % m["vocabulary"] for _ in range(count)]


def make_pairs(m):
    generator, pairs = integers(100 + m["seed"]), []
    for prompt, chosen, rejected in m["lengths"]:
        pairs.append({
            "prompt": tokens(m, generator, prompt), "chosen": tokens(m, generator, chosen), "rejected": tokens(m, generator, rejected),
            "reference": [-m["nats"] * chosen - 0.25, -m["nats"] * rejected + 0.5],
        })
    return pairs


def hidden(m, w, ids, maps=None):
    """What the head reads [n, C] of one sequence of n tokens. To maps it appends each layer's attention [heads, n, n]."""
    n, c, heads = len(ids), m["width"], m["heads"]
    future = torch.ones(n, n, dtype=torch.bool).triu(1)
    x = w["wte"][torch.tensor(ids)] + w["wpe"][:n]
    for i in range(m["layers"]):
        p = {name.split(".", 2)[2]: t for name, t in w.items() if name.startswith(f"layers.{i}.")}
        y = F.layer_norm(x, (c,), p["ln1.gain"], p["ln1.bias"], 1e-5) @ p["attn.qkv.weight"] + p["attn.qkv.bias"]
        q, k, v = (t.reshape(n, heads, c // heads).transpose(0, 1) for t in y.split(c, dim=1))
        a = (q @ k.transpose(1, 2) / math.sqrt(c / heads)).masked_fill(future, -math.inf).softmax(dim=-1)
        if maps is not None:
            maps.append(a)
        x = x + (a @ v).transpose(0, 1).reshape(n, c) @ p["attn.out.weight"] + p["attn.out.bias"]
        y = F.layer_norm(x, (c,), p["ln2.gain"], p["ln2.bias"], 1e-5)
        x = x + F.gelu(y @ p["mlp.up.weight"] + p["mlp.up.bias"], approximate="tanh") @ p["mlp.down.weight"] + p["mlp.down.bias"]
    return F.layer_norm(x, (c,), w["lnf.gain"], w["lnf.bias"], 1e-5)


def logits(m, w, ids):
    """Next-token logits [n, V] of one sequence of n tokens."""
    return hidden(m, w, ids) @ w["head.weight"]


def logps(m, w, prompt, response):
    """Log-prob of every token of the response, in nats."""
    ids = prompt + response
    rows = logits(m, w, ids)[len(prompt) - 1:-1].log_softmax(dim=-1)
    return rows.gather(1, torch.tensor(response)[:, None])[:, 0]


def dpo(m, w, pairs):
    losses = []
    for p in pairs:
        chosen, rejected = (logps(m, w, p["prompt"], p[side]).sum() for side in ("chosen", "rejected"))
        h = m["beta"] * ((chosen - p["reference"][0]) - (rejected - p["reference"][1]))
        losses.append(-F.logsigmoid(h))
    return torch.stack(losses).mean()


def lm(m, w, sequences):
    return -torch.cat([logps(m, w, s[:1], s[1:]) for s in sequences]).mean()


def gradients(w, loss):
    return dict(zip(w, torch.autograd.grad(loss, list(w.values()))))


def total_norm(tensors):
    return math.sqrt(sum(t.double().square().sum().item() for t in tensors.values()))


def adamw(m, pairs, dtype):
    w = weights(m, dtype)
    matrices = [t for t in w.values() if t.dim() == 2]
    vectors = [t for t in w.values() if t.dim() == 1]
    optimizer = torch.optim.AdamW([{"params": matrices, "weight_decay": ADAMW["decay"]}, {"params": vectors, "weight_decay": 0.0}],
                                  lr=ADAMW["lr"], betas=(ADAMW["beta1"], ADAMW["beta2"]), eps=ADAMW["eps"])
    losses, norms = [], []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = dpo(m, w, pairs)
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(list(w.values()), ADAMW["clip"]).item())
        losses.append(loss.item())
        optimizer.step()
    out = {name: t.detach().clone() for name, t in w.items()}
    for name, t in out.items():
        if name.endswith("qkv.bias"):
            t[m["width"]:2 * m["width"]] = 0  # the keys' bias: see above
    return {"losses": losses, "norms": norms, "weights": out}


def run(m, dtype):
    """All results of one model in one precision."""
    w, pairs = weights(m, dtype), make_pairs(m)
    generator = integers(200 + m["seed"])
    sequences = [tokens(m, generator, n) for n in m["sequences"]]
    loss, lm_loss = dpo(m, w, pairs), lm(m, w, sequences)
    g = gradients(w, loss)
    return {
        "pairs": pairs,
        "logps": [{side: logps(m, w, p["prompt"], p[side]).tolist() for side in ("chosen", "rejected")} for p in pairs],
        "dpo": {"loss": loss.item(), "norm": total_norm(g), "gradients": g},
        "adamw": adamw(m, pairs, dtype),
        "lm": {"sequences": sequences, "loss": lm_loss.item(), "gradients": gradients(w, lm_loss)},
    }


def relative(got, want):
    return max(abs(a - b) / abs(b) for a, b in zip(got, want))


def relative_tensors(got, want):
    return max(((got[n].double() - t).abs().max() / t.abs().max()).item() for n, t in want.items())


def deviation(got, want):
    flat = lambda r: [x for pair in r["logps"] for side in pair.values() for x in side]
    numbers = {
        "logps": relative(flat(got), flat(want)),
        "loss": relative([got["dpo"]["loss"]], [want["dpo"]["loss"]]),
        "gradients": relative_tensors(got["dpo"]["gradients"], want["dpo"]["gradients"]),
        "losses": relative(got["adamw"]["losses"], want["adamw"]["losses"]),
        "weights": relative_tensors(got["adamw"]["weights"], want["adamw"]["weights"]),
        "lm": max(relative([got["lm"]["loss"]], [want["lm"]["loss"]]), relative_tensors(got["lm"]["gradients"], want["lm"]["gradients"])),
    }
    return {name: float(f"{x:.1e}") for name, x in numbers.items()}


def shorten(x):
    """Numbers to ten digits: a hundred times finer than float32."""
    if isinstance(x, float):
        return float(f"{x:.10g}")
    if isinstance(x, dict):
        return {key: shorten(value) for key, value in x.items()}
    return [shorten(value) for value in x] if isinstance(x, list) else x


def store(tensors, whole):
    if whole:
        return {name: t.flatten().tolist() for name, t in tensors.items()}
    out = {}
    for name, t in tensors.items():
        t = t.detach().flatten()
        every = max(1, len(t) // SLICE)
        check = (t * (torch.arange(len(t)) % 7 - 3)).sum().item()
        out[name] = {"norm": t.norm().item(), "check": check, "every": every, "slice": t[::every].tolist()}
    return out


def entry(m):
    truth, whole = run(m, torch.float64), m["name"] == "tiny"
    float32 = deviation(run(m, torch.float32), truth)
    for where, key in (("dpo", "gradients"), ("adamw", "weights"), ("lm", "gradients")):
        truth[where][key] = store(truth[where][key], whole)
    given = {key: m[key] for key in ("name", "vocabulary", "context", "width", "layers", "heads", "seed", "scale")}
    sums = [[sum(p["chosen"]), sum(p["rejected"])] for p in truth["logps"]]
    truth["dpo"] = {"beta": m["beta"], **truth["dpo"]}
    truth["adamw"] = {**ADAMW, **truth["adamw"]}
    return {**given, **truth, "sums": sums, "float32": float32}


def divergences():
    rows, vocabulary, scale, seeds = 6, 11, 16.0, [301, 302]
    p, q = (torch.tensor(draw(integers(s), rows * vocabulary, scale), dtype=torch.float64).reshape(rows, vocabulary).log_softmax(dim=-1)
            for s in seeds)
    values = F.kl_div(q, p, log_target=True, reduction="none").sum(dim=-1).tolist()
    return {"rows": rows, "vocabulary": vocabulary, "scale": scale, "seeds": seeds, "values": values}


def main():
    torch.set_num_threads(1)
    generator = integers(1)
    out = {"generator": [next(generator) for _ in range(5)], "kl": divergences(), "models": [entry(m) for m in MODELS]}
    json.dump(shorten(out), sys.stdout, separators=(",", ":"))
    print()


if __name__ == "__main__":
    main()
