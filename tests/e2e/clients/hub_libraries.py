"""transformers, datasets and safetensors load what was published: `hub_libraries.py MODEL DATASET ROWS`."""

import json
import sys

from datasets import load_dataset
from huggingface_hub import hf_hub_download
from safetensors import safe_open
from transformers import AutoConfig, AutoTokenizer

model, dataset, rows = sys.argv[1:]
config = AutoConfig.from_pretrained(model)
tokens = AutoTokenizer.from_pretrained(model)("A stoa was an open colonnade.")["input_ids"]
with safe_open(hf_hub_download(model, "model.safetensors"), framework="np") as weights:
    name = next(key for key in weights.keys() if key.endswith("word_embeddings.weight"))
    shape = weights.get_slice(name).get_shape()
loaded = load_dataset(dataset, split="train")
streamed = load_dataset(dataset, split="train", streaming=True)
print(
    json.dumps(
        {
            "type": config.model_type,
            "tokens": len(tokens),
            "shape": shape == [config.vocab_size, config.hidden_size],
            "rows": loaded.num_rows == int(rows),
            "third": loaded[3],
            "streamed": [row["label"] for row in streamed.take(3)],
        }
    )
)
