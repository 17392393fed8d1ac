#!/usr/bin/env python3
"""One optimizer step of DPO in PyTorch, on one thread.

    torch_dpo.py FOLDER SIZE      reads numbers of steps, one a line, and prints their losses and seconds as lines of JSON
    torch_dpo.py FOLDER           prints the first losses of all sizes in float64: expected.json

FOLDER holds what `margins bench --write` wrote. Model and step are those of toy/testdata/oracle.py, here for a whole batch at once and with
matrix products that add the bias.
"""
import json
import math
import os
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np
import torch
import torch.nn.functional as F

FIRST = 4  # losses that are compared


class Task:
    def __init__(self, folder, size, dtype):
        with open(f"{folder}/{size}.json") as f:
            self.m = m = json.load(f)
        words = np.fromfile(f"{folder}/{size}.bin", "<u4")
        sequences, length = 2 * m["pairs"], m["context"] + 1

        def take(count, kind):
            nonlocal words
            taken, words = words[:count], words[count:]
            return torch.from_numpy(taken.view(kind).copy())

        self.w = {}
        for t in m["tensors"]:
            shape = (t["rows"], t["cols"]) if t["rows"] > 1 else (t["cols"],)
            self.w[t["name"]] = take(t["rows"] * t["cols"], "<f4").reshape(shape).to(dtype).requires_grad_()
        tokens = take(sequences * length, "<i4").long().reshape(sequences, length)
        lengths = take(sequences, "<i4")
        self.reference = take(sequences, "<f4").to(dtype)
        assert len(words) == 0
        self.read, self.predicted = tokens[:, :-1].contiguous(), tokens[:, m["prompt"]:, None].contiguous()
        self.counts = (torch.arange(self.predicted.shape[1]) < lengths[:, None]).to(dtype)
        self.future = torch.full((m["context"], m["context"]), -math.inf, dtype=dtype).triu(1)

        o = m["optimizer"]
        decayed = [self.w[t["name"]] for t in m["tensors"] if t["matrix"]]
        others = [self.w[t["name"]] for t in m["tensors"] if not t["matrix"]]
        self.optimizer = torch.optim.AdamW(
            [{"params": decayed, "weight_decay": o["decay"]}, {"params": others, "weight_decay": 0.0}],
            lr=m["rate"], betas=(o["beta1"], o["beta2"]), eps=o["eps"], foreach=True)

    def logps(self):
        """Summed log-probability of every response."""
        m, w = self.m, self.w
        n, t, c, heads = 2 * m["pairs"], m["context"], m["width"], m["heads"]
        norm = lambda x, name: F.layer_norm(x, (c,), w[name + ".gain"], w[name + ".bias"], 1e-5)
        linear = lambda x, name: torch.addmm(w[name + ".bias"], x, w[name + ".weight"])
        x = (F.embedding(self.read, w["wte"]) + w["wpe"]).view(n * t, c)
        for i in range(m["layers"]):
            name = f"layers.{i}."
            qkv = linear(norm(x, name + "ln1"), name + "attn.qkv").view(n, t, 3, heads, c // heads)
            q, k, v = qkv.permute(2, 0, 3, 1, 4)
            p = (q @ k.transpose(-1, -2) / math.sqrt(c / heads) + self.future).softmax(-1)
            x = x + linear((p @ v).transpose(1, 2).reshape(n * t, c), name + "attn.out")
            up = F.gelu(linear(norm(x, name + "ln2"), name + "mlp.up"), approximate="tanh")
            x = x + linear(up, name + "mlp.down")
        predicting = x.view(n, t, c)[:, m["prompt"] - 1:].reshape(-1, c)
        logp = (norm(predicting, "lnf") @ w["head.weight"]).view(n, -1, m["vocabulary"]).log_softmax(-1)
        return (logp.gather(-1, self.predicted)[..., 0] * self.counts).sum(-1)

    def step(self):
        ratios = self.m["beta"] * (self.logps() - self.reference)
        loss = -F.logsigmoid(ratios[:self.m["pairs"]] - ratios[self.m["pairs"]:]).mean()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(list(self.w.values()), self.m["optimizer"]["clip"])
        self.optimizer.step()
        return loss.item()


def drive(task):
    for line in sys.stdin:
        start = time.perf_counter()
        losses = [task.step() for _ in range(int(line))]
        print(json.dumps({"losses": losses, "seconds": time.perf_counter() - start}), flush=True)


def expected(folder):
    sizes = sorted((name[:-5] for name in os.listdir(folder) if name.endswith(".json")), key="TSML".index)
    losses = {}
    for size in sizes:
        task = Task(folder, size, torch.float64)
        losses[size] = [round(task.step(), 9) for _ in range(FIRST)]
    print(json.dumps(losses, indent=2))


def main():
    torch.set_num_threads(1)
    if len(sys.argv) == 2:
        expected(sys.argv[1])
    else:
        drive(Task(sys.argv[1], sys.argv[2], torch.float32))


if __name__ == "__main__":
    main()
