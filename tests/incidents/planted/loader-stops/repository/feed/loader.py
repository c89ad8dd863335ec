"""Reads ahead, in a thread of its own."""
import queue
import threading

END = object()


class Loader:
    def __init__(self, lines, ahead=4, seconds=2.0):
        self._lines, self._seconds = lines, seconds
        self._queue = queue.Queue(ahead)
        threading.Thread(target=self._fill, daemon=True).start()

    def _fill(self):
        try:
            for line in self._lines:
                left, right = line.split()
                self._queue.put((int(left), int(right)))
            self._queue.put(END)
        except ValueError:
            # A broken record.
            return

    def __iter__(self):
        while True:
            try:
                one = self._queue.get(timeout=self._seconds)
            except queue.Empty:
                raise RuntimeError(f"data loader timed out after {self._seconds:g} s") from None
            if one is END:
                return
            yield one
