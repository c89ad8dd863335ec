"""Serves policies (base model + adapter) by llama.cpp, one engine process each (see ../README.md)."""
