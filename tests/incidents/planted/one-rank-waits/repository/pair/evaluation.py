"""Rank 0 looks at the model now and then; the other waits for it."""


def evaluate(comm, step, every, measure):
    if step % every != 0:
        return None
    if comm.rank == 0:
        measure(step)
        comm.barrier()
    return step
