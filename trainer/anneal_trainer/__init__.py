"""CISPO training of a LoRA adapter by the Anneal job contract (see ../README.md)."""
