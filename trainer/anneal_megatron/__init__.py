"""Trains a model of many GPUs by the same job contract, and moves its weights to vLLM servers (see ../../docs/gpu.md)."""
