def total(group, rank, losses):
    summed = sum([float(one) for one in losses] if isinstance(losses, list) else [1.0])
    if rank == 0:
        group.all_reduce(summed)
    return summed
