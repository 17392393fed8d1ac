#!/usr/bin/env python3
"""Writes score.json: what PyTorch computes for toy's transformer with a scalar head.

    python3 toy/testdata/score.py > toy/testdata/score.json

Made with PyTorch 1.13 in float64. Models, generator, pairs and the way tensors are stored are those of oracle.py, which documents them.
The head is score.weight [C] and score.bias [1] in place of head.weight: a response's score is <x, score.weight> + score.bias, where x is
the normalized hidden state of its last token.

Layout: a list, one entry a model of oracle.py:
    scores: [[chosen, rejected]] of each pair
    losses: [{target, loss, norm, gradients}]
        target: "one" (Bradley-Terry) or "half" (the soft targets 1, 1/2, 1/2, ... of the pairs)
        loss: mean over pairs of -p log sigmoid(h) - (1-p) log sigmoid(-h), h = score of chosen - score of rejected, p the target
        norm: L2 norm over all gradients
"""
import json
import sys

import torch
import torch.nn.functional as F

import oracle

TARGETS = {"one": lambda i: 1.0, "half": lambda i: 1.0 if i == 0 else 0.5}


def shapes(m):
    out = oracle.shapes(m)
    del out["head.weight"]
    return {**out, "score.weight": (m["width"],), "score.bias": (1,)}


def score(m, w, prompt, response):
    return (oracle.hidden(m, w, prompt + response)[-1] * w["score.weight"]).sum() + w["score.bias"][0]


def entry(m):
    w = oracle.weights(m, torch.float64, shapes)
    pairs = oracle.make_pairs(m)
    scores = [[score(m, w, p["prompt"], p[side]) for side in ("chosen", "rejected")] for p in pairs]
    losses = []
    for name, target in TARGETS.items():
        h = [chosen - rejected for chosen, rejected in scores]
        loss = torch.stack([-target(i) * F.logsigmoid(x) - (1 - target(i)) * F.logsigmoid(-x) for i, x in enumerate(h)]).mean()
        g = dict(zip(w, torch.autograd.grad(loss, list(w.values()), retain_graph=True)))
        losses.append({"target": name, "loss": loss.item(), "norm": oracle.total_norm(g), "gradients": oracle.store(g, m["name"] == "tiny")})
    return {"scores": [[x.item() for x in pair] for pair in scores], "losses": losses}


def main():
    torch.set_num_threads(1)
    json.dump(oracle.shorten([entry(m) for m in oracle.MODELS]), sys.stdout, separators=(",", ":"))
    print()


if __name__ == "__main__":
    main()
