"""What a kubelet asks of containerd: makes a pod with its containers.

Speaks the container runtime interface (runtime.v1) without its generated code, since no Debian package has it: a
message is a dictionary from field number to value. Knows only the fields that the tests need.

  cri.py SOCKET NAME NAMESPACE UID CGROUP LOGS IMAGE CONTAINER=BYTES...
"""

import sys

import grpc

# The pod shares the host's network (NODE), so that no network plugin is needed; each container has its own pids.
NAMESPACES = {1: 2, 2: 1}
SLEEP = ["/bin/sh", "-c", "while :; do sleep 60; done"]


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def encode(message):
    out = b""
    for field, values in message.items():
        for value in values if isinstance(values, list) else [values]:
            if isinstance(value, int):
                out += varint(field << 3) + varint(value)
                continue
            payload = encode(value) if isinstance(value, dict) else value.encode()
            out += varint(field << 3 | 2) + varint(len(payload)) + payload
    return out


def first_string(message):
    """The string in field 1 of an answer, which is an id shorter than 128 bytes."""
    return message[2 : 2 + message[1]].decode()


def call(channel, method, message):
    unchanged = lambda message: message
    stub = channel.unary_unary("/runtime.v1.RuntimeService/" + method, unchanged, unchanged)
    return stub(encode(message), timeout=60)


def labels(**of_kubernetes):
    return [{1: "io.kubernetes." + key.replace("_", "."), 2: value} for key, value in of_kubernetes.items()]


def run(channel, name, namespace, uid, cgroup, logs, image, *containers):
    of_pod = {"pod_name": name, "pod_namespace": namespace, "pod_uid": uid}
    pod = {
        1: {1: name, 2: uid, 3: namespace},
        3: logs,
        6: labels(**of_pod),
        8: {1: cgroup, 2: {1: NAMESPACES}},
    }
    sandbox = first_string(call(channel, "RunPodSandbox", {1: pod}))
    for container in containers:
        title, limit = container.split("=")
        config = {
            1: {1: title},
            2: {1: image},
            3: SLEEP,
            9: labels(container_name=title, **of_pod),
            11: title + ".log",
            15: {1: {4: int(limit)}, 2: {3: NAMESPACES}},
        }
        created = first_string(call(channel, "CreateContainer", {1: sandbox, 2: config, 3: pod}))
        call(channel, "StartContainer", {1: created})


socket, *pod = sys.argv[1:]
run(grpc.insecure_channel("unix:" + socket), *pod)
