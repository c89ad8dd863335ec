// Programs of our own, from the standard library only.
module anneal.testbed/own

go 1.26
