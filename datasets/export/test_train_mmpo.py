#!/usr/bin/env python3
"""Checks what of train_mmpo.py needs PyTorch alone.

    python3 test_train_mmpo.py OBJECTIVES

OBJECTIVES is mmpo/testdata/objectives.json: losses and partial derivatives that were made independently of this script and of the Go code.
"""
import json
import sys
import types
import unittest

import torch

import train_mmpo


class LossTest(unittest.TestCase):
    def test_values(self):
        with open(OBJECTIVES) as file:
            cases = [case for case in json.load(file) if case["objective"] == "mmpo"]
        self.assertGreaterEqual(len(cases), 12)
        policy = torch.tensor([case["policy"] for case in cases], dtype=torch.float64, requires_grad=True)
        reference = torch.tensor([case["reference"] for case in cases], dtype=torch.float64)
        column = lambda name: torch.tensor([case["set"][name] for case in cases], dtype=torch.float64)
        margin = torch.tensor([case["margin"] for case in cases], dtype=torch.float64)
        losses = train_mmpo.mmpo_loss(*policy.T, *reference.T, margin, column("beta"), column("gamma"))
        losses.sum().backward()
        # A target near 1 is rounded, and multiplied with h of up to 10,000.
        for case, loss, partials in zip(cases, losses.tolist(), policy.grad.tolist()):
            self.assertAlmostEqual(loss, case["loss"], delta=1e-12 * abs(case["loss"]) + 2**-50 * abs(case["h"]), msg=case)
            for got, want in zip(partials, case["partials"]):
                self.assertAlmostEqual(got, want, delta=1e-12 * abs(want) + 2**-50, msg=case)


class Bigram(torch.nn.Module):
    """A language model whose next token depends on the last one alone."""

    def __init__(self, words=7):
        super().__init__()
        torch.manual_seed(1)
        self.table = torch.nn.Parameter(torch.randn(words, words))

    def forward(self, input_ids, attention_mask):
        return types.SimpleNamespace(logits=self.table[input_ids])


EXAMPLES = [
    {"prompt_ids": [1, 2], "chosen_ids": [3, 4, 6], "rejected_ids": [6], "margin": 4.5},
    {"prompt_ids": [5], "chosen_ids": [2, 6], "rejected_ids": [3, 3, 3, 6], "margin": 0},
]


class BatchTest(unittest.TestCase):
    def test_layout(self):
        batch = train_mmpo.collate(EXAMPLES, pad_token_id=0)
        self.assertEqual(batch["input_ids"].tolist(), [[1, 2, 3, 4, 6], [5, 2, 6, 0, 0], [1, 2, 6, 0, 0], [5, 3, 3, 3, 6]])
        self.assertEqual(batch["attention_mask"].tolist(), [[1] * 5, [1, 1, 1, 0, 0], [1, 1, 1, 0, 0], [1] * 5])
        self.assertEqual(batch["completion_mask"].tolist(), [[0, 0, 1, 1, 1], [0, 1, 1, 0, 0], [0, 0, 1, 0, 0], [0, 1, 1, 1, 1]])
        self.assertEqual(batch["margin"].tolist(), [4.5, 0])

    def test_names_of_other_versions(self):
        renamed = [{key.replace("_ids", "_input_ids"): value for key, value in example.items()} for example in EXAMPLES]
        batch, other = train_mmpo.collate(EXAMPLES, 0), train_mmpo.collate(renamed, 0)
        self.assertTrue(all(torch.equal(batch[key], other[key]) for key in batch))
        with self.assertRaisesRegex(KeyError, "prompt_ids or prompt_input_ids is needed"):
            train_mmpo.collate([{"input_ids": [1], "margin": 1}], 0)

    def test_long_sequences_are_cut(self):
        batch = train_mmpo.collate(EXAMPLES, pad_token_id=0, max_length=3)
        self.assertEqual(batch["input_ids"].tolist(), [[2, 3, 4], [5, 2, 6], [1, 2, 6], [5, 3, 3]])
        self.assertEqual(batch["completion_mask"].tolist(), [[0, 1, 1], [0, 1, 1], [0, 0, 1], [0, 1, 1]])

    def test_logps_are_sums_over_the_response(self):
        model = Bigram()
        chosen, rejected = train_mmpo.sequence_logps(model, train_mmpo.collate(EXAMPLES, pad_token_id=0))
        logp = model.table.log_softmax(-1)
        want = [[logp[2, 3] + logp[3, 4] + logp[4, 6], logp[5, 2] + logp[2, 6]],
                [logp[2, 6], logp[5, 3] + logp[3, 3] + logp[3, 3] + logp[3, 6]]]
        torch.testing.assert_close(chosen, torch.stack(want[0]))
        torch.testing.assert_close(rejected, torch.stack(want[1]))

    def test_it_learns_the_margins(self):
        policy, reference = Bigram(), Bigram()
        batch, beta, gamma = train_mmpo.collate(EXAMPLES, 0), 0.5, 0.5
        optimizer = torch.optim.Adam(policy.parameters(), lr=0.05)
        for _ in range(400):
            pi = train_mmpo.sequence_logps(policy, batch)
            with torch.no_grad():
                ref = train_mmpo.sequence_logps(reference, batch)
            loss = train_mmpo.mmpo_loss(*pi, *ref, batch["margin"], beta, gamma).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        h = beta * ((pi[0] - ref[0]) - (pi[1] - ref[1]))
        torch.testing.assert_close(h, gamma * batch["margin"], atol=1e-2, rtol=0)


if __name__ == "__main__":
    OBJECTIVES = sys.argv.pop(1)
    unittest.main()
