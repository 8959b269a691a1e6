# SPDX-License-Identifier: Apache-2.0
"""A man in the middle between an agent and the ledger, with both sides'
certificates: what a broker taken over by somebody could do at worst."""

import threading

import paho.mqtt.client as mqtt


class Relay:
    """Carries batches and status up and acks down, through `alter`.

    `alter_ack(payload)` returns the payload to deliver, or None to drop it;
    `alter_batch` likewise. Both may be changed while running.
    """

    def __init__(self, agent_topic, ledger_side, agent_side):
        self.topic = agent_topic
        self.alter_ack = lambda payload: payload
        self.alter_batch = lambda payload: payload
        self.acks = 0
        self.lock = threading.Lock()
        self.up = self._client("up", ledger_side, [agent_topic + "/ack"],
                               self._ack)
        self.down = self._client(
            "down", agent_side,
            [agent_topic + "/batch", agent_topic + "/status"], self._from_agent)

    def _client(self, name, side, topics, handler):
        client = mqtt.Client(client_id="relay-" + name)
        client.tls_set(side["ca"], side["certificate"], side["key"])

        def subscribe(*_):
            for topic in topics:
                client.subscribe(topic, qos=1)
        client.on_connect = subscribe
        client.on_message = lambda _c, _u, message: handler(message)
        client.connect("localhost", side["port"])
        client.loop_start()
        return client

    def _ack(self, message):
        with self.lock:
            self.acks += 1
            payload = self.alter_ack(message.payload)
        if payload is not None:
            self.down.publish(message.topic, payload, qos=1)

    def _from_agent(self, message):
        payload = message.payload
        if message.topic.endswith("/batch"):
            with self.lock:
                payload = self.alter_batch(payload)
        if payload is not None:
            self.up.publish(message.topic, payload, qos=1,
                            retain=message.retain)

    def stop(self):
        for client in (self.up, self.down):
            client.disconnect()
            client.loop_stop()
