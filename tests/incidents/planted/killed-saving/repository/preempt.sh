# Runs it until it saves for the third time, kills it in the middle of that as a scheduler would, and starts it again.
python3 -B -m counter.run 4 > first.log 2>&1 &
pid=$!
saves() { grep -c saving first.log; }
until [ "$(saves)" -ge 3 ]; do sleep 0.01; done
# It is halted while one looks, so that what was seen is what is there when it is killed; at its fourth save at the latest.
while kill -STOP $pid 2>/dev/null; do
  if [ "$(tail -c 1 checkpoint.json)" != "}" ] || [ "$(saves)" -ge 4 ]; then break; fi
  kill -CONT $pid
  sleep 0.002
done
kill -9 $pid
wait $pid 2>/dev/null
cat first.log
exec python3 -B -m counter.run 4
