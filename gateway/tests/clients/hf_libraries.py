#!/usr/bin/env python3
"""transformers, datasets and safetensors load from a gateway, with nothing set but HF_ENDPOINT.

    hf_libraries.py --fixtures FOLDER  writes the repositories that the tests expect, for examples/hub.rs
    hf_libraries.py BASE_URL           runs the tests
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

ROWS = 200
CARD = """---
license: cc0-1.0
configs:
- config_name: default
  data_files:
  - split: train
    path: data/train.jsonl
  - split: test
    path: data/test.jsonl
---
# Words
"""


def write_fixtures(folder):
    import numpy
    from safetensors.numpy import save_file
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, PreTrainedTokenizerFast

    model = Path(folder, "models/acme/loadable/0")
    model.mkdir(parents=True)
    BertConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2).save_pretrained(model)
    words = {"[UNK]": 0, "[PAD]": 1, "the": 2, "stoa": 3}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]").save_pretrained(model)
    weights = numpy.arange(1 << 19, dtype=numpy.float32)
    save_file({"weight": weights}, model / "model.safetensors", metadata={"format": "pt"})

    dataset = Path(folder, "datasets/acme/rows/0")
    Path(dataset, "data").mkdir(parents=True)
    Path(dataset, "README.md").write_text(CARD)
    rows = [json.dumps({"text": f"row {n}", "label": n}) for n in range(ROWS)]
    Path(dataset, "data/train.jsonl").write_text("\n".join(rows) + "\n")
    Path(dataset, "data/test.jsonl").write_text(json.dumps({"text": "last", "label": 7}) + "\n")


def run():
    from datasets import load_dataset
    from huggingface_hub import hf_hub_download
    from safetensors import safe_open
    from transformers import AutoConfig, AutoTokenizer

    config = AutoConfig.from_pretrained("acme/loadable")
    assert (config.model_type, config.hidden_size) == ("bert", 16)
    tokenizer = AutoTokenizer.from_pretrained("acme/loadable")
    assert tokenizer("the stoa here")["input_ids"] == [2, 3, 0]
    print("ok      transformers")

    with safe_open(hf_hub_download("acme/loadable", "model.safetensors"), framework="np") as file:
        assert file.get_tensor("weight")[12_345] == 12_345
    print("ok      safetensors")

    rows = load_dataset("acme/rows")
    assert rows["train"].num_rows == ROWS and rows["train"][3] == {"text": "row 3", "label": 3}
    assert rows["test"][0] == {"text": "last", "label": 7}
    streamed = load_dataset("acme/rows", split="train", streaming=True)
    assert [row["label"] for row in streamed.take(3)] == [0, 1, 2]
    print("ok      datasets")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("base", nargs="?")
    parser.add_argument("--fixtures", metavar="FOLDER")
    arguments = parser.parse_args()
    if not arguments.base and not arguments.fixtures:
        parser.error("give the gateway's URL")
    with tempfile.TemporaryDirectory() as home:
        # Before the imports, which read them.
        os.environ.update(HF_HOME=home, HF_HUB_DISABLE_TELEMETRY="1", HF_HUB_DISABLE_PROGRESS_BARS="1")
        if arguments.fixtures:
            os.environ["HF_HUB_OFFLINE"] = "1"
            write_fixtures(arguments.fixtures)
        else:
            os.environ["HF_ENDPOINT"] = arguments.base
            run()


if __name__ == "__main__":
    sys.exit(main())
