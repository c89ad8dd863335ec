"""What is added to a vLLM server: a worker class that knows its weights, a transfer from the store, a guard at its door."""
