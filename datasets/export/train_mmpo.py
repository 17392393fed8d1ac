#!/usr/bin/env python3
"""Trains a language model with MMPO (Kim et al. 2024, arXiv 2410.03145) on graded pairs that Margins has exported.

    margins export FILE --to trl --format jsonl > pairs.jsonl
    pip install "trl>=0.20" accelerate
    accelerate launch train_mmpo.py pairs.jsonl --model MODEL --beta 0.01 --gamma 2.2 --output DIR

The loss of a pair is the cross-entropy between the probability that its grades give, p = sigma(gamma m), and the one that the policy
has learned, sigma(h):

    L = -p log sigma(h) - (1 - p) log sigma(-h),    h = beta ((pi_w - ref_w) - (pi_l - ref_l))

pi and ref are log-probabilities of the chosen (w) and the rejected (l) response under the policy and the reference, summed over the
response's tokens, in nats; m is the column margin, in points of a scale from 1 to 10. It is least at h = gamma m. A batch's loss is the
mean over its pairs. The defaults of beta and gamma are the paper's for UltraFeedback; a tie (m = 0) counts.

mmpo_loss, collate and sequence_logps need PyTorch alone. TRL's DPOTrainer makes the tokens, the reference model and the rest.
"""
import argparse

import torch
import torch.nn.functional as F


def mmpo_loss(policy_chosen, policy_rejected, reference_chosen, reference_rejected, margin, beta, gamma):
    """Returns each pair's loss, in nats. All but beta and gamma are tensors with an entry a pair: log-probabilities and margins."""
    h = beta * ((policy_chosen - reference_chosen) - (policy_rejected - reference_rejected))
    p = torch.sigmoid(gamma * margin)
    return -p * F.logsigmoid(h) - (1 - p) * F.logsigmoid(-h)


def token_ids(example, name):
    """Returns the tokens of an example's prompt, chosen or rejected, under the name that this version of TRL gives them."""
    for key in (f"{name}_ids", f"{name}_input_ids"):
        if key in example:
            return list(example[key])
    raise KeyError(f"this version of TRL tokenizes to {sorted(example)}; {name}_ids or {name}_input_ids is needed")


def collate(examples, pad_token_id, max_length=None):
    """Returns a batch: the prompts with their chosen responses, below them those with the rejected ones, padded on the right.

    completion_mask is 1 at the response's tokens. A sequence that is too long loses the beginning of its prompt, then the end of its
    response.
    """
    sequences, masks = [], []
    for name in ("chosen", "rejected"):
        for example in examples:
            prompt, response = token_ids(example, "prompt"), token_ids(example, name)
            if max_length:
                response = response[: max_length - 1]
                prompt = prompt[-(max_length - len(response)) :]
            sequences.append(prompt + response)
            masks.append([0] * len(prompt) + [1] * len(response))
    width = max(map(len, sequences))

    def padded(rows, value):
        return torch.tensor([row + [value] * (width - len(row)) for row in rows])

    return {
        "input_ids": padded(sequences, pad_token_id),
        "attention_mask": padded([[1] * len(s) for s in sequences], 0),
        "completion_mask": padded(masks, 0),
        "margin": torch.tensor([float(example["margin"]) for example in examples]),
    }


def sequence_logps(model, batch):
    """Returns the log-probabilities of the chosen and of the rejected responses, summed over their tokens, in float32."""
    logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits[:, :-1].float()
    targets, mask = batch["input_ids"][:, 1:], batch["completion_mask"][:, 1:]
    logps = -F.cross_entropy(logits.transpose(1, 2), targets, reduction="none")
    return (logps * mask).sum(-1).chunk(2)


def trainer_class():
    """Returns DPOTrainer with MMPO's loss, in a function because it needs TRL."""
    from contextlib import nullcontext

    from trl import DPOTrainer

    class MMPOTrainer(DPOTrainer):
        def __init__(self, *args, gamma, **kwargs):
            super().__init__(*args, **kwargs)
            self.mmpo_gamma = gamma
            self.mmpo_sums = {}  # of the metrics since they were last logged
            # The loss below is a mean: gradient accumulation has to scale it.
            self.model_accepts_loss_kwargs = False

        def reference(self, model):
            """Returns the reference and the context in which it is one: with an adapter it is the same model without that."""
            if getattr(self, "ref_model", None) is not None:
                return self.ref_model, nullcontext()
            return model, self.accelerator.unwrap_model(model).disable_adapter()

        def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
            chosen, rejected = sequence_logps(model, inputs)
            reference, as_reference = self.reference(model)
            with torch.no_grad(), as_reference:
                reference_chosen, reference_rejected = sequence_logps(reference, inputs)
            losses = mmpo_loss(
                chosen, rejected, reference_chosen, reference_rejected, inputs["margin"], self.args.beta, self.mmpo_gamma
            )
            self.note(
                **{
                    "rewards/chosen": self.args.beta * (chosen - reference_chosen),
                    "rewards/rejected": self.args.beta * (rejected - reference_rejected),
                    "logps/chosen": chosen,
                    "logps/rejected": rejected,
                }
            )
            return (losses.mean(), {}) if return_outputs else losses.mean()

        def note(self, **values):
            """Keeps this process's values for the next line of the log, with TRL's names."""
            values = {name: value.detach().mean().item() for name, value in values.items()}
            values["rewards/margins"] = values["rewards/chosen"] - values["rewards/rejected"]
            for name, value in values.items():
                total, count = self.mmpo_sums.get(name, (0.0, 0))
                self.mmpo_sums[name] = (total + value, count + 1)

        def log(self, logs, *args, **kwargs):
            logs = {**logs, **{name: total / count for name, (total, count) in self.mmpo_sums.items()}}
            self.mmpo_sums = {}
            super().log(logs, *args, **kwargs)

        def prediction_step(self, model, inputs, prediction_loss_only, ignore_keys=None):
            with torch.no_grad():
                return self.compute_loss(model, self._prepare_inputs(inputs)).detach(), None, None

    return MMPOTrainer


def messages(example):
    """Returns an example as conversations, for models that have a chat template."""
    said = {"prompt": "user", "chosen": "assistant", "rejected": "assistant"}
    return {name: [{"role": role, "content": example[name]}] for name, role in said.items()}


def parse():
    parser = argparse.ArgumentParser(description="Trains a language model with MMPO on pairs exported by Margins.")
    parser.add_argument("data", help="the exported file, .jsonl or .csv, with the columns prompt, chosen, rejected and margin")
    parser.add_argument("--model", required=True, help="the model to start from, which is also the reference")
    parser.add_argument("--output", required=True, help="the folder for the trained model")
    parser.add_argument("--beta", type=float, default=0.01, help="strength of the reference (%(default)s)")
    parser.add_argument("--gamma", type=float, default=2.2, help="log-odds that a point of margin is worth (%(default)s)")
    parser.add_argument("--learning-rate", type=float, default=5e-7, help="(%(default)s)")
    parser.add_argument("--epochs", type=float, default=1, help="(%(default)s)")
    parser.add_argument("--batch", type=int, default=4, help="pairs a device and step (%(default)s)")
    parser.add_argument("--accumulate", type=int, default=1, help="steps whose gradients are added up (%(default)s)")
    parser.add_argument("--max-length", type=int, default=1024, help="tokens of a prompt and a response (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="(%(default)s)")
    return parser.parse_args()


def main():
    options = parse()
    from datasets import load_dataset
    from transformers import AutoTokenizer
    from trl import DPOConfig

    kind = "csv" if options.data.endswith(".csv") else "json"
    data = load_dataset(kind, data_files=options.data, split="train").select_columns(["prompt", "chosen", "rejected", "margin"])
    tokenizer = AutoTokenizer.from_pretrained(options.model)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    if tokenizer.chat_template:
        data = data.map(messages)

    config = DPOConfig(
        output_dir=options.output,
        beta=options.beta,
        learning_rate=options.learning_rate,
        lr_scheduler_type="cosine",
        num_train_epochs=options.epochs,
        per_device_train_batch_size=options.batch,
        gradient_accumulation_steps=options.accumulate,
        max_length=None,  # collate cuts
        remove_unused_columns=False,  # margin is one of them
        logging_steps=10,
        seed=options.seed,
    )
    trainer = trainer_class()(
        model=options.model,  # TRL makes the reference of it too
        args=config,
        train_dataset=data,
        processing_class=tokenizer,
        data_collator=lambda examples: collate(examples, tokenizer.pad_token_id, options.max_length),
        gamma=options.gamma,
    )
    trainer.train()
    trainer.save_model(options.output)


if __name__ == "__main__":
    main()
