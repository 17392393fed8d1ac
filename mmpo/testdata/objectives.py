#!/usr/bin/env python3
"""Writes objectives.json: losses of single pairs and their partial derivatives, in float64 by PyTorch's autograd.

    python3 mmpo/testdata/objectives.py > mmpo/testdata/objectives.json

Made with PyTorch 1.13. The formulas are the sources' own, not those of the Go code:
    dpo, cdpo  TRL's DPOTrainer, loss_type "sigmoid" with label_smoothing: the logits are (pi_w - pi_l) - (ref_w - ref_l)
    mmpo       Kim et al. 2024 (arXiv 2410.03145): soft-label cross-entropy of sigma(h) with the target sigma(gamma m)

Layout: a list of {objective, beta, gamma, smoothing, policy [chosen, rejected], reference [chosen, rejected], margin,
                   h, loss, partials [by policy chosen, by policy rejected]}; log-probs are in nats, margins in points.
"""
import itertools
import json
import sys

import torch
import torch.nn.functional as F

# beta, policy [chosen, rejected], reference [chosen, rejected]: from h = -10000 to h = 10000, and h = 0 twice.
POINTS = [
    (0.5, (-10001.0, -1.0), (-1.0, -10001.0)),
    (1.5, (-290.0, -20.0), (-40.0, -240.0)),
    (2.0, (-48.5, -20.0), (-30.0, -21.5)),
    (0.4, (-33.5, -21.25), (-24.0, -26.0)),
    (0.1, (-25.0, -20.0), (-22.0, -24.0)),
    (0.4, (-20.125, -20.0), (-20.0, -20.0)),
    (0.4, (-20.0, -20.0), (-20.0, -20.0)),
    (1.5, (-31.0, -7.5), (-29.5, -6.0)),
    (0.4, (-19.0, -20.5), (-20.0, -20.25)),
    (0.1, (-12.0, -31.0), (-19.0, -18.0)),
    (0.4, (-9.5, -33.0), (-21.0, -23.25)),
    (1.5, (-18.0, -27.5), (-26.0, -20.5)),
    (2.0, (-10.0, -42.0), (-24.5, -23.0)),
    (1.5, (-20.0, -290.0), (-240.0, -40.0)),
    (0.5, (-1.0, -10001.0), (-10001.0, -1.0)),
]
MARGINS = [0.0, 0.5, 1.0, 3.0, 4.5, 9.0]


def sigmoid_loss(beta, policy, reference, smoothing):
    logits = (policy[0] - policy[1]) - (reference[0] - reference[1])
    return -F.logsigmoid(beta * logits) * (1 - smoothing) - F.logsigmoid(-beta * logits) * smoothing


def mmpo_loss(beta, policy, reference, gamma, margin):
    rho = [policy[i] - reference[i] for i in (0, 1)]
    h, target = beta * (rho[0] - rho[1]), torch.sigmoid(torch.tensor(gamma * margin, dtype=torch.float64))
    return -target * F.logsigmoid(h) - (1 - target) * F.logsigmoid(-h)


def case(objective, point, margin, gamma=0.0, smoothing=0.0):
    beta, policy, reference = point
    x = torch.tensor(policy, dtype=torch.float64, requires_grad=True)
    ref = torch.tensor(reference, dtype=torch.float64)
    loss = mmpo_loss(beta, x, ref, gamma, margin) if objective == "mmpo" else sigmoid_loss(beta, x, ref, smoothing)
    loss.backward()
    h = beta * ((policy[0] - reference[0]) - (policy[1] - reference[1]))
    return {"objective": objective, "beta": beta, "gamma": gamma, "smoothing": smoothing, "policy": policy, "reference": reference,
            "margin": margin, "h": h, "loss": loss.item(), "partials": x.grad.tolist()}


def main():
    cases = [case("dpo", point, 1.0) for point in POINTS]
    cases += [case("cdpo", point, 1.0, smoothing=e) for e, point in itertools.product((0.1, 0.3), POINTS)]
    cases += [case("mmpo", point, m, gamma=g) for g, m, point in itertools.product((0.5, 2.2), MARGINS, POINTS)]
    sys.stdout.write("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")


if __name__ == "__main__":
    main()
