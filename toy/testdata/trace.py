#!/usr/bin/env python3
"""Writes trace.json: what PyTorch computes inside toy's model on one sequence.

    python3 toy/testdata/trace.py > toy/testdata/trace.json

Made with PyTorch 1.13 in float64. Models, generator, pairs and the way tensors are stored are those of oracle.py, which documents them.
The sequence is the prompt and the chosen response of a model's first pair.

Layout: a list, one entry a model of oracle.py:
    logprobs: the log-probability of every next token after every token [n, V], nats
    maps: one a layer, the attention of every head [heads, n, n]
"""
import json
import sys

import torch

import oracle


def entry(m):
    pair, maps = oracle.make_pairs(m)[0], []
    w = oracle.weights(m, torch.float64)
    hidden = oracle.hidden(m, w, pair["prompt"] + pair["chosen"], maps)
    logprobs = (hidden @ w["head.weight"]).log_softmax(dim=-1)
    tensors = {"logprobs": logprobs, **{f"map {i}": t for i, t in enumerate(maps)}}
    stored = oracle.store({name: t.detach() for name, t in tensors.items()}, m["name"] == "tiny")
    return {"logprobs": stored.pop("logprobs"), "maps": list(stored.values())}


def main():
    torch.set_num_threads(1)
    json.dump(oracle.shorten([entry(m) for m in oracle.MODELS]), sys.stdout, separators=(",", ":"))
    print()


if __name__ == "__main__":
    main()
