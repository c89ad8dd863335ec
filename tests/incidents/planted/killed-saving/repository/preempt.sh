# Runs it until it saves for the third time, kills it in the middle of that as a scheduler would, and starts it again.
python3 -B -m counter.run 4 > first.log 2>&1 &
pid=$!
until [ "$(grep -c saving first.log)" -ge 3 ]; do sleep 0.01; done
sleep 0.03
kill -9 $pid
wait $pid 2>/dev/null
cat first.log
exec python3 -B -m counter.run 4
