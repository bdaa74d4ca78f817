"""Print what is said in the workspaces of a topic: consumer.py HOST:9092 [TOPIC]"""
# Needs Python 3 and `pip install confluent-kafka`; ../docs/kafka.md says what a record holds.

import atexit
import json
import sys

from confluent_kafka import Consumer

server, topic = [*sys.argv[1:], "slack-events"][:2]
ours = {"group.id": "consumer-example", "auto.offset.reset": "earliest"}
consumer = Consumer({"bootstrap.servers": server, **ours})
consumer.subscribe([topic])
atexit.register(consumer.close)  # else its share waits for it for 45 seconds
known = {}  # how new what we have of each message is; keep it where you keep the rest
while True:
    if not (record := consumer.poll(1.0)):
        continue
    if record.error():
        sys.exit(record.error().str())
    event = json.loads(record.value())
    if event["schema"] != 1:
        sys.exit("These records are of another schema: renew this program.")
    for message in [row for copy in event["copies"] for row in copy.get("messages", ())]:
        key = event["workspace"], message["channel_id"], message["ts"]
        gone = "deleted_at" in message  # for good, whatever comes later
        age = (9, 0) if gone else (message["presence"], message["version"])
        if age > known.get(key, (-1, 0)):
            known[key] = age
            print(*key, "deleted" if gone else message.get("text"), flush=True)
