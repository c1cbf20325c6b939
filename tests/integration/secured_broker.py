"""A real Kafka of one node with TLS, SASL and access rules, for as long as a test runs.

Its jars are those of `scripts/stack up kafka`. Listeners on loopback, at free ports:
  sasl   SASL_SSL: SCRAM-SHA-256, SCRAM-SHA-512, PLAIN
  tls    SSL: client certificates are required
  admin  without either, for what the test itself does as the super user
Certificates are made at the start, by openssl. Rights: none but those that a test grants.
"""
import base64
import contextlib
import os
import pathlib
import socket
import subprocess
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, ConsumerGroupTopicPartitions, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import (AclBinding, AclOperation, AclPermissionType, AdminClient, NewTopic, ResourcePatternType, ResourceType,
                                   ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion)

KINDS = {"topic": ResourceType.TOPIC, "group": ResourceType.GROUP}
MECHANISMS = {"SCRAM-SHA-256": ScramMechanism.SCRAM_SHA_256, "SCRAM-SHA-512": ScramMechanism.SCRAM_SHA_512}
SECONDS = 60


def kafka_jars():
    cache = pathlib.Path(os.environ.get("CDC_CACHE_DIR") or pathlib.Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "cdc")
    for folder in sorted(cache.glob("kafka-*/")):
        if (folder / ".complete").exists():
            return folder / "*"
    raise SystemExit("no Kafka in the cache: `scripts/stack up kafka` downloads it, `scripts/stack down kafka` stops it")


def free_ports(count):
    """Below the range that the system gives to clients: nothing takes one before the broker does."""
    found = []
    for port in range(21000 + os.getpid() % 5000, 32000):
        with socket.socket() as tried:
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise SystemExit("no free ports")


def openssl(folder, *arguments):
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"openssl {arguments[0]}: {done.stderr[-500:]}")


def make_authority(folder, name):
    openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout", f"{name}.key",
            "-out", f"{name}.pem")


def make_certificate(folder, authority, name, password=None):
    """<name>.pem and <name>.key, signed by `authority`; the key is locked by `password`."""
    locked = ["-passout", f"pass:{password}"] if password else ["-nodes"]
    openssl(folder, "req", "-newkey", "rsa:2048", *locked, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
    (folder / "san.cnf").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    openssl(folder, "x509", "-req", "-days", "2", "-in", f"{name}.csr", "-CA", f"{authority}.pem", "-CAkey", f"{authority}.key",
            "-CAcreateserial", "-extfile", "san.cnf", "-out", f"{name}.pem")


def server_properties(folder, ports, plain_users):
    (folder / "broker-store.pem").write_text((folder / "broker.key").read_text() + (folder / "broker.pem").read_text())
    plain = " ".join(f'user_{name}="{password}"' for name, password in plain_users.items())
    security = "org.apache.kafka.common.security"
    listen = ",".join(f"{name}://127.0.0.1:{ports[name]}" for name in ("SASL", "TLS", "ADMIN"))
    return f"""process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{ports["CONTROLLER"]}
listeners={listen},CONTROLLER://127.0.0.1:{ports["CONTROLLER"]}
advertised.listeners={listen}
listener.security.protocol.map=SASL:SASL_SSL,TLS:SSL,ADMIN:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=ADMIN
log.dirs={folder}/data
num.partitions=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=16777216
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
allow.everyone.if.no.acl.found=false
sasl.enabled.mechanisms=SCRAM-SHA-256,SCRAM-SHA-512,PLAIN
listener.name.sasl.scram-sha-256.sasl.jaas.config={security}.scram.ScramLoginModule required;
listener.name.sasl.scram-sha-512.sasl.jaas.config={security}.scram.ScramLoginModule required;
listener.name.sasl.plain.sasl.jaas.config={security}.plain.PlainLoginModule required {plain};
ssl.keystore.type=PEM
ssl.keystore.location={folder}/broker-store.pem
ssl.truststore.type=PEM
ssl.truststore.location={folder}/authority.pem
listener.name.tls.ssl.client.auth=required
listener.name.tls.ssl.principal.mapping.rules=RULE:^CN=(.*)$/$1/
"""


class SecuredBroker:
    """The test is its super user; everybody else may do what `grant` allows."""

    def __init__(self, folder, ports):
        self.folder, self.ports = folder, ports
        self.sasl, self.tls, self.address = (f"127.0.0.1:{ports[name]}" for name in ("SASL", "TLS", "ADMIN"))
        quiet = {"bootstrap.servers": self.address, "log_level": 0}
        self._admin = AdminClient(quiet)
        self._producer = Producer(quiet)

    def add_scram_user(self, name, password, mechanisms=tuple(MECHANISMS)):
        for mechanism in mechanisms:  # Kafka takes one change of a user per request
            change = UserScramCredentialUpsertion(name, ScramCredentialInfo(MECHANISMS[mechanism], 4096), password.encode())
            self._admin.alter_user_scram_credentials([change])[name].result(SECONDS)

    def _rules(self, user, rights):
        """rights: ["READ topic name"]; a name that ends with '*' is a prefix."""
        for right in rights:
            operation, kind, name = right.split(" ")
            pattern = ResourcePatternType.PREFIXED if name.endswith("*") else ResourcePatternType.LITERAL
            yield AclBinding(KINDS[kind], name.rstrip("*"), pattern, f"User:{user}", "*", AclOperation[operation], AclPermissionType.ALLOW)

    def grant(self, user, *rights):
        for done in self._admin.create_acls(list(self._rules(user, rights))).values():
            done.result(SECONDS)

    def make_topic(self, name):
        self._admin.create_topics([NewTopic(name, 1, 1)])[name].result(SECONDS)

    def topics(self):
        return set(self._admin.list_topics(timeout=SECONDS).topics)

    def send(self, topic, records):
        """records: [(key, value)] as bytes or None."""
        failed = []
        for key, value in records:
            self._producer.produce(topic, key=key, value=value, on_delivery=lambda error, _: failed.append(error) if error else None)
        if self._producer.flush(SECONDS) or failed:
            raise RuntimeError(f"{topic}: not sent: {failed[:1]}")

    def values(self, topic):
        """Of all its records."""
        reader = Consumer({"bootstrap.servers": self.address, "group.id": "test", "log_level": 0, "enable.partition.eof": True})
        reader.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
        found = []
        try:
            while True:
                message = reader.poll(SECONDS)
                if message is None or (message.error() and message.error().code() != KafkaError._PARTITION_EOF):
                    raise RuntimeError(f"{topic}: cannot be read: {message and message.error()}")
                if message.error():
                    return found
                found.append(message.value())
        finally:
            reader.close()

    def group_offset(self, group, topic):
        """The offset that the group has committed of partition 0; less than 0: none."""
        wanted = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, 0)])
        return self._admin.list_consumer_group_offsets([wanted])[group].result(SECONDS).topic_partitions[0].offset


def log_settings(log):
    return f"""status=error
appender.f.type=File
appender.f.name=f
appender.f.fileName={log}
appender.f.layout.type=PatternLayout
appender.f.layout.pattern=%d %p %m (%c)%n
rootLogger.level=info
rootLogger.appenderRef.f.ref=f
"""


@contextlib.contextmanager
def secured_broker(folder, plain_users):
    """Starts it in `folder` and gives the SecuredBroker. `plain_users`: {name: password} of the mechanism PLAIN."""
    folder.mkdir(parents=True)
    make_authority(folder, "authority")
    make_certificate(folder, "authority", "broker")
    ports = dict(zip(("SASL", "TLS", "ADMIN", "CONTROLLER"), free_ports(4)))
    (folder / "server.properties").write_text(server_properties(folder, ports, plain_users))
    log = folder / "kafka.log"
    (folder / "log4j2.properties").write_text(log_settings(log))
    java = ["java", "-Xms64m", "-Xmx192m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
            f"-Dlog4j2.configurationFile={folder}/log4j2.properties", "-cp", str(kafka_jars())]
    cluster = "k" + base64.urlsafe_b64encode(os.urandom(16)).decode()[1:22]
    formatted = subprocess.run([*java, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", "server.properties"], cwd=folder,
                               capture_output=True, text=True, check=False)
    if formatted.returncode:
        raise SystemExit(f"kafka: formatting: {formatted.stderr[-800:]}")
    with open(folder / "console.log", "wb") as console, \
            subprocess.Popen([*java, "kafka.Kafka", "server.properties"], cwd=folder, stdin=subprocess.DEVNULL, stdout=console,
                             stderr=console) as process:
        try:
            deadline = time.monotonic() + 120
            while "Kafka Server started" not in (log.read_text() if log.exists() else ""):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"kafka did not start: {(folder / 'console.log').read_text()[-800:]} {log.read_text()[-800:]}")
                time.sleep(0.1)
            yield SecuredBroker(folder, ports)
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
