# As a job of 160 MB.
ulimit -v 160000
exec python3 -B -m grams.run
