#!/usr/bin/env python3
"""Writes objectives.json: losses of single pairs and their partial derivatives, in float64 by PyTorch's autograd.

    python3 mmpo/testdata/objectives.py > mmpo/testdata/objectives.json

Made with PyTorch 1.13. The formulas are the sources' own, not those of the Go code; log-probabilities are pi and ref, logits is
(pi_w - pi_l) - (ref_w - ref_l), and r_y = beta (pi_y - ref_y):
    dpo, cdpo, robust, hinge, ipo, simpo, kto   TRL's trainers (ipo with sums over tokens; kto's mean over the two examples of a pair)
    mmpo, shuffled   Kim et al. 2024: soft-label cross-entropy of sigma(h) with the target sigma(gamma m)
    odpo, margin, scaled, gdpo                  the papers' equations
    rpo-sq, rpo-fwd  Sun et al. 2025, as NeMo-Aligner computes them
    rk, davidson     Chen et al. 2024: probabilities of strengths lambda_y = e^(r_y); nu is given by t, the chance that equals tie

Layout: a list of {objective, set {parameter: value}, policy [chosen, rejected], reference [chosen, rejected], lens [chosen, rejected],
                   margin, kl, h, loss, partials [by policy chosen, by policy rejected]}; log-probs are in nats, margins in points.
"""
import json

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
LENS = [(5, 6), (12, 3), (1, 9)]


def number(x):
    return torch.tensor(x, dtype=torch.float64)


class Pair:
    """What a formula may read; pi is what is differentiated."""

    def __init__(self, point, lens, margin, kl):
        self.beta, policy, reference = point
        self.pi = torch.tensor(policy, dtype=torch.float64, requires_grad=True)
        self.ref = number(reference)
        self.lens, self.m, self.kl = lens, number(margin), kl
        self.logits = (self.pi[0] - self.pi[1]) - (self.ref[0] - self.ref[1])
        self.r = self.beta * (self.pi - self.ref)
        self.h = self.r[0] - self.r[1]


def smoothed(p, e):
    return -F.logsigmoid(p.beta * p.logits) * (1 - e) - F.logsigmoid(-p.beta * p.logits) * e


def robust(p, e):
    return (-F.logsigmoid(p.beta * p.logits) * (1 - e) + F.logsigmoid(-p.beta * p.logits) * e) / (1 - 2 * e)


def mmpo(p, gamma):
    target = torch.sigmoid(gamma * p.m)
    return -target * F.logsigmoid(p.h) - (1 - target) * F.logsigmoid(-p.h)


def odpo(p, alpha, form):
    return -F.logsigmoid(p.h - alpha * (torch.log(p.m) if form == "log" else p.m))


def gdpo(p, gamma):
    preference = torch.sigmoid(gamma * p.m)
    return -F.logsigmoid(p.beta * ((2 * preference - 1) * p.logits))


def simpo(p, lead):
    logits = p.pi[0] / p.lens[0] - p.pi[1] / p.lens[1] - lead / p.beta
    return -F.logsigmoid(p.beta * logits)


def rpo_fwd(p, gamma):
    beta_w, beta_l = F.logsigmoid(p.h), F.logsigmoid(-p.h)
    alpha_w, alpha_l = F.logsigmoid(gamma * p.m), F.logsigmoid(-gamma * p.m)
    return torch.exp(beta_w) * (beta_w - alpha_w) + torch.exp(beta_l) * (beta_l - alpha_l)


def either(*logs):
    return torch.logsumexp(torch.stack(logs), 0)


def rao_kupper(p, draw):
    nu, (w, l) = number((1 + draw) / (1 - draw)), p.r
    if p.m == 0:
        return -(torch.log(nu**2 - 1) + w + l - either(w, torch.log(nu) + l) - either(l, torch.log(nu) + w))
    return -(w - either(w, torch.log(nu) + l))


def davidson(p, draw):
    nu, (w, l) = number(draw / (1 - draw)), p.r
    tie = torch.log(2 * nu) + (w + l) / 2
    return -((tie if p.m == 0 else w) - either(w, l, tie))


def kto(p):
    chosen = 1 - torch.sigmoid(p.beta * ((p.pi[0] - p.ref[0]) - p.kl))
    rejected = 1 - torch.sigmoid(p.beta * (p.kl - (p.pi[1] - p.ref[1])))
    return (chosen + rejected) / 2


MARGINS = [0.0, 0.5, 1.0, 3.0, 4.5, 9.0]
SOME = [0.0, 0.5, 9.0]

# objective, formula, its settings, the margins, the batch's KL. Formulas that ignore the margin see one that must not matter.
TABLE = [
    ("dpo", lambda p: smoothed(p, 0), [{}], [1.0], [0]),
    ("cdpo", lambda p, smoothing: smoothed(p, smoothing), [{"smoothing": e} for e in (0.05, 0.1, 0.49)], [1.0], [0]),
    ("mmpo", mmpo, [{"gamma": g} for g in (0.5, 2.2)], MARGINS, [0]),
    ("shuffled", mmpo, [{"gamma": 0.5}], [0.0, 4.5], [0]),
    ("robust", lambda p, smoothing: robust(p, smoothing), [{"smoothing": e} for e in (0, 0.1, 0.4)], [0.0], [0]),
    ("ipo", lambda p: (p.logits - 1 / (2 * p.beta)) ** 2, [{}], [0.0, 3.0], [0]),
    ("hinge", lambda p: torch.relu(1 - p.beta * p.logits), [{}], [0.0, 3.0], [0]),
    ("odpo", odpo, [{"alpha": 1, "form": "identity"}, {"alpha": 0.5, "form": "identity"}], SOME, [0]),
    ("odpo", odpo, [{"alpha": 1, "form": "log"}, {"alpha": 0.5, "form": "log"}], [0.25, 1.0, 9.0], [0]),
    ("scaled", lambda p: -p.m * F.logsigmoid(p.h), [{}], SOME, [0]),
    ("margin", lambda p: -F.logsigmoid(p.h - p.m), [{}], SOME, [0]),
    ("rpo-sq", lambda p, gamma: (p.h - gamma * p.m) ** 2, [{"gamma": 0.5}, {"gamma": 2.2}], SOME, [0]),
    ("rpo-fwd", rpo_fwd, [{"gamma": 0.5}, {"gamma": 2.2}], SOME, [0]),
    ("gdpo", gdpo, [{"gamma": 0.5}, {"gamma": 2.2}], SOME, [0]),
    ("simpo", simpo, [{"lead": 0}, {"lead": 1}], [0.0, 3.0], [0]),
    ("rk", rao_kupper, [{"draw": 0.5}, {"draw": 0.1}], [0.0, 3.0], [0]),
    ("davidson", davidson, [{"draw": 0.5}, {"draw": 0.1}], [0.0, 3.0], [0]),
    ("kto", kto, [{}], [0.0], [0, 1.5, 40]),
]


def cases():
    for objective, formula, settings, margins, kls in TABLE:
        for setting in settings:
            for margin in margins:
                for kl in kls:
                    for i, point in enumerate(POINTS):
                        p = Pair(point, LENS[i % len(LENS)], margin, kl)
                        loss = formula(p, **setting)
                        loss.backward()
                        yield {"objective": objective, "set": {"beta": p.beta, **setting}, "policy": point[1], "reference": point[2],
                               "lens": p.lens, "margin": margin, "kl": kl, "h": p.h.item(), "loss": loss.item(),
                               "partials": p.pi.grad.tolist()}


if __name__ == "__main__":
    print("[\n" + ",\n".join(json.dumps(case) for case in cases()) + "\n]")
