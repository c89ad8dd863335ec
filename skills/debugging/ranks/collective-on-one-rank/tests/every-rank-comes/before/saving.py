def save(comm, state, write):
    if comm.rank == 0:
        write(state)
    comm.barrier()


def only_work(comm, log):
    if comm.rank == 0:
        log("saved")
