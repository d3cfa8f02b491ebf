"""What a province's security office asks of every pod, as functions from documents to findings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tests.deploy.manifests import Document, Documents, containers, labels_of, name_of, of_kind, pod_of, selects, workloads

OTHERS: Final[Mapping[str, str]] = {
    "motcua/role=gateway": "requests come from there",
    "motcua/role=identity": "the identity provider's keys are asked for there",
    "motcua/role=monitoring": "metrics are fetched from there, traces sent there",
    "motcua/role=storage": "files of dossiers lie in a bucket there",
    "motcua/role=scanner": "files of dossiers are looked at there",
    "kubernetes.io/metadata.name=kube-system": "names are asked for there",
    "kubernetes.io/metadata.name=cnpg-system": "CloudNativePG's operator",
}
"""Namespaces that are not ours, each with what we have to do with it."""
OPEN: Final[Mapping[str, str]] = {
    "NetworkPolicy postgres": "the instance manager asks the Kubernetes API, whose address the cluster knows",
    "NetworkPolicy to-the-outside": "webhooks go to whoever subscribed",
}
"""Policies that let somebody speak to an address rather than to a name."""
VOLUMES: Final = frozenset({"configMap", "secret", "emptyDir", "projected", "persistentVolumeClaim"})
SECRET_WORDS: Final = re.compile(r"password|secret|token|key(?!_file)|credential|_url$", re.IGNORECASE)
PUBLIC: Final = re.compile(r"(PUBLIC|JWKS|FILES|CLAMD)_URL$")
"""Addresses whose settings take no password."""


def unrestricted(documents: Documents) -> list[str]:
    """Give what the restricted Pod Security profile forbids, and a root file system that can be written on."""
    findings: list[str] = []
    for workload in workloads(documents):
        name, pod = name_of(workload), pod_of(workload)
        context = pod.get("securityContext", {})
        if not (context.get("runAsNonRoot") is True and context.get("runAsUser", 0) > 0):
            findings.append(f"{name}: may run as root")
        if context.get("seccompProfile", {}).get("type") != "RuntimeDefault":
            findings.append(f"{name}: no seccomp profile")
        if any(pod.get(field) for field in ("hostNetwork", "hostPID", "hostIPC")):
            findings.append(f"{name}: lives in a namespace of its host")
        if pod.get("automountServiceAccountToken") is not False:
            findings.append(f"{name}: is given a token for the Kubernetes API")
        findings += [f"{name}: volume {v['name']} is none of {sorted(VOLUMES)}" for v in pod.get("volumes", ()) if not VOLUMES & v.keys()]
    for name, container in containers(documents):
        context = container.get("securityContext", {})
        wanted = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
        findings += [f"{name}: {field} is {context.get(field)}" for field, value in wanted.items() if context.get(field) != value]
        findings += [f"{name}: {field} is set" for field in ("privileged", "runAsUser") if context.get(field) is not None]
    return findings


def unbounded(documents: Documents) -> list[str]:
    """Give containers with no bound on memory, or that do not say what they need. Processor time has no limit: it would only slow down."""
    wanted = {("requests", "cpu"), ("requests", "memory"), ("limits", "memory")}
    return [
        f"{name}: no resources.{kind}.{what}"
        for name, container in containers(documents)
        for kind, what in sorted(wanted)
        if what not in container.get("resources", {}).get(kind, {})
    ]


def unwatched(documents: Documents) -> list[str]:
    """Give containers that serve without probes, and workloads of several pods with no budget for disruptions."""
    findings: list[str] = []
    budgets = [budget["spec"] for budget in of_kind(documents, "PodDisruptionBudget")]
    for workload in of_kind(documents, "Deployment", "StatefulSet"):
        findings += [
            f"{name_of(workload)}: no {probe}"
            for container in pod_of(workload)["containers"]
            for probe in ("startupProbe", "livenessProbe", "readinessProbe")
            if probe not in container
        ]
        if workload["spec"].get("replicas", 2) > 1:
            if sum(selects(budget["selector"], labels_of(workload)) for budget in budgets) != 1:
                findings.append(f"{name_of(workload)}: not exactly one PodDisruptionBudget")
            if not pod_of(workload).get("topologySpreadConstraints"):
                findings.append(f"{name_of(workload)}: all its pods may share a node")
    return findings


def floating(documents: Documents, version: str) -> list[str]:
    """Give images that may be another one tomorrow: with no tag and no digest, or `latest`; ours carry the project's version."""
    images = [(name, container["image"]) for name, container in containers(documents)]
    images += [(name_of(cluster), cluster["spec"]["imageName"]) for cluster in of_kind(documents, "Cluster")]
    findings: list[str] = []
    for name, image in images:
        if re.search(r"@sha256:[0-9a-f]{64}$", image):
            continue
        _, _, tag = image.rpartition("/")[2].partition(":")
        if tag in ("", "latest") or ("motcua/" in image and tag != version) or not re.match(r"v?\d+\.\d+", tag):
            findings.append(f"{name}: image {image} may be another one tomorrow")
    return findings


def told_secrets(documents: Documents) -> list[str]:
    """Give secrets that stand in a manifest. They are named there, and lie in the cluster."""
    findings = [f"{name_of(secret)}: a Secret in a manifest" for secret in of_kind(documents, "Secret")]
    for name, container in containers(documents):
        findings += [f"{name}: {env['name']} is told" for env in container.get("env", ()) if "value" in env and is_secret(env["name"])]
    for settings in of_kind(documents, "ConfigMap"):
        findings += [f"{name_of(settings)}: {key} is told" for key in settings.get("data", {}) if "." not in key and is_secret(key)]
        findings += [
            f"{name_of(settings)}: {key} holds {found[0]}"
            for key, text in settings.get("data", {}).items()
            if (found := re.search(r"-----BEGIN [A-Z ]+-----|\w+://[^\s/:@]+:[^\s/@]+@|password: *[^$\s]\S*", text))
        ]
    return findings


def is_secret(name: str) -> bool:
    """Tell by its name whether a setting is nobody else's business."""
    return SECRET_WORDS.search(name) is not None and PUBLIC.search(name) is None


def open_ways(documents: Documents) -> list[str]:
    """Give ways through the network that are not closed, or that lead nowhere."""
    findings: list[str] = []
    policies, pods = of_kind(documents, "NetworkPolicy"), list(pod_labels(documents))
    closed = [p for p in policies if not p["spec"]["podSelector"] and set(p["spec"]["policyTypes"]) == {"Ingress", "Egress"}]
    if not any("ingress" not in policy["spec"] for policy in closed):
        findings.append("nothing is closed by default")
    for policy in policies:
        name, spec = name_of(policy), policy["spec"]
        if spec["podSelector"] and not any(selects(spec["podSelector"], labels) for labels in pods):
            findings.append(f"{name}: is for no pod")
        for rule, peers in [*((r, r.get("from")) for r in spec.get("ingress", ())), *((r, r.get("to")) for r in spec.get("egress", ()))]:
            if not peers or not rule.get("ports"):
                findings.append(f"{name}: anybody, or any port")
            findings += [f"{name}: {said}" for peer in peers or () if (said := wrong_peer(peer, pods, name)) is not None]
    return findings


def wrong_peer(peer: Mapping[str, Any], pods: list[Mapping[str, str]], policy: str) -> str | None:
    """Say what is wrong with one end of a way."""
    if "ipBlock" in peer:
        return None if policy in OPEN else f"an address, {peer['ipBlock']['cidr']}, is no name"
    if "namespaceSelector" in peer:
        labels = [f"{key}={value}" for key, value in peer["namespaceSelector"].get("matchLabels", {}).items()]
        return None if labels and all(label in OTHERS for label in labels) else f"leads to namespaces that nobody named: {labels}"
    return None if any(selects(peer["podSelector"], labels) for labels in pods) else f"leads to no pod: {peer['podSelector']}"


def pod_labels(documents: Documents) -> Iterator[Mapping[str, str]]:
    """Give the labels of all pods, also of those that CloudNativePG makes."""
    yield from map(labels_of, workloads(documents))
    for cluster in of_kind(documents, "Cluster"):
        yield cluster["spec"]["inheritedMetadata"]["labels"]


def lost(documents: Documents) -> list[str]:
    """Give references to what is not there: selectors that take no pod, accounts, ports, volumes and configuration."""
    findings = [
        f"{name_of(service)}: takes no pod"
        for service in of_kind(documents, "Service")
        if not any(selects({"matchLabels": service["spec"]["selector"]}, labels) for labels in pod_labels(documents))
    ]
    accounts = {account["metadata"]["name"] for account in of_kind(documents, "ServiceAccount")}
    for workload in workloads(documents):
        name, pod, labels = name_of(workload), pod_of(workload), labels_of(workload)
        if pod.get("serviceAccountName") not in accounts:
            findings.append(f"{name}: no such account")
        if workload["kind"] != "Job" and not selects(workload["spec"]["selector"], labels):
            findings.append(f"{name}: does not take its own pods")
        volumes = {volume["name"] for volume in (*pod.get("volumes", ()), *templates(workload))}
        mounts = {mount["name"] for container in pod["containers"] for mount in container.get("volumeMounts", ())}
        findings += [f"{name}: volume {one} is not mounted, or not there" for one in sorted(volumes ^ mounts)]
        for container in pod["containers"]:
            ports = {port["name"] for port in container.get("ports", ())}
            probes = [container.get(probe, {}) for probe in ("startupProbe", "livenessProbe", "readinessProbe")]
            asked = [probe.get("httpGet") or probe.get("tcpSocket") for probe in probes]
            findings += [f"{name}: no port {way['port']}" for way in asked if way and way["port"] not in ports]
    return findings


def unsaved(documents: Documents) -> list[str]:
    """Give clusters of PostgreSQL that could not be brought back: no log archived, no copy by a clock, no end to how long they are kept."""
    findings: list[str] = []
    stores = {store["metadata"]["name"]: store["spec"] for store in of_kind(documents, "ObjectStore")}
    for cluster in of_kind(documents, "Cluster"):
        name, own = name_of(cluster), cluster["metadata"]["name"]
        archivers = [plugin for plugin in cluster["spec"].get("plugins", ()) if plugin.get("isWALArchiver")]
        if len(archivers) != 1:
            findings.append(f"{name}: its write-ahead log is not archived")
            continue
        store = stores.get(archivers[0]["parameters"]["barmanObjectName"])
        if store is None:
            findings.append(f"{name}: its log goes to a store that is not there")
        elif "retentionPolicy" not in store:
            findings.append(f"{name}: what a person had erased stays in its backups for ever")
        schedules = [one["spec"] for one in of_kind(documents, "ScheduledBackup") if one["spec"]["cluster"]["name"] == own]
        if not any(one["method"] == "plugin" and not one.get("suspend") for one in schedules):
            findings.append(f"{name}: nothing copies it by the clock")
        if "archive_timeout" not in cluster["spec"]["postgresql"]["parameters"]:
            findings.append(f"{name}: a quiet evening would stand in no archive")
    return findings


def templates(workload: Document) -> list[Mapping[str, str]]:
    """Give the names of the volumes that a StatefulSet makes for each pod."""
    return [template["metadata"] for template in workload["spec"].get("volumeClaimTemplates", ())]
