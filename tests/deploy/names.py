"""What manifests name and what the code uses: settings, roles, ports, probes, metrics, users. Functions from documents to findings."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args

from fastapi.routing import APIRoute
from prometheus_client import REGISTRY

from deploy.local.stack import SERVICES
from kernel.edge.rim import PROBES
from kernel.edge.service import Role, Service
from tests.deploy.manifests import Document, Documents, labels_of, name_of, of_kind, one, pod_of, selects, workloads

SUFFIXES: Final[Mapping[str, tuple[str, ...]]] = {"gauge": ("",), "counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}
GIVEN: Final = frozenset({"service", "component", "pod", "namespace", "le", "persistentvolumeclaim", "name"})
"""Labels that the monitor, Prometheus, Kubernetes or cert-manager adds."""
FOREIGN: Final = frozenset(
    {
        "up",
        "kubelet_volume_stats_available_bytes",
        "kubelet_volume_stats_capacity_bytes",
        "certmanager_certificate_expiration_timestamp_seconds",
        "barman_cloud_cloudnative_pg_io_last_available_backup_timestamp",
        "cnpg_pg_stat_archiver_seconds_since_last_archival",
        "cnpg_pg_replication_streaming_replicas",
    }
)
"""Metrics that are not ours: Prometheus's, the kubelet's, cert-manager's, and CloudNativePG's with its plugin's."""


def service_of(name: str) -> Service[Any]:
    """Give a service as its `main.py` puts it together."""
    return importlib.import_module(f"services.{name}.main").SERVICE


def processes(documents: Documents) -> Iterator[tuple[str, Document]]:
    """Give the workloads that run a service, with its name."""
    for workload in workloads(documents):
        if (name := labels_of(workload).get("app.kubernetes.io/name")) in SERVICES:
            yield name, workload


def environment(documents: Documents, workload: Document) -> dict[str, str | None]:
    """Give what a process finds in its environment; None is what a Secret holds."""
    (container,) = pod_of(workload)["containers"]
    found: dict[str, str | None] = {}
    for source in container.get("envFrom", ()):
        settings = next(d for d in of_kind(documents, "ConfigMap") if d["metadata"]["name"] == source["configMapRef"]["name"])
        found |= {source["prefix"] + key: value for key, value in settings["data"].items()}
    return found | {env["name"]: env.get("value") for env in container.get("env", ())}


def unknown_settings(documents: Documents) -> list[str]:
    """Give environment variables that no service reads: pydantic would pass over a misspelt one."""
    findings: list[str] = []
    for name, workload in processes(documents):
        known = {f"{name.upper()}_{field.upper()}" for field in getattr(service_of(name).settings, "model_fields", ())} | {"SSL_CERT_FILE"}
        findings += [f"{name_of(workload)}: {env} is no setting" for env in environment(documents, workload) if env not in known]
    return findings


def unknown_roles(documents: Documents) -> list[str]:
    """Give processes that would not start as their command line says, or not as their labels say."""
    findings: list[str] = []
    for name, workload in processes(documents):
        (container,) = pod_of(workload)["containers"]
        if container["command"] != ["python", "-m", f"services.{name}"]:
            findings.append(f"{name_of(workload)}: {container['command']} does not start {name}")
        if f"/motcua/{name}:" not in f"/{container['image']}":
            findings.append(f"{name_of(workload)}: {container['image']} is not the image of {name}")
        role = labels_of(workload)["app.kubernetes.io/component"]
        if container["args"] != [role] or role not in get_args(Role):
            findings.append(f"{name_of(workload)}: {container['args']} is not what its label says")
    return findings


def wrong_ports(documents: Documents) -> list[str]:
    """Give ports and paths that lead to nothing: of probes, services, routes, policies and the monitor."""
    findings: list[str] = []
    for name, workload in processes(documents):
        (container,) = pod_of(workload)["containers"]
        told, opened = environment(documents, workload), {port["containerPort"] for port in container.get("ports", ())}
        if opened - {int(told[f"{name.upper()}_PORT"] or 0)}:
            findings.append(f"{name_of(workload)}: opens {sorted(opened)}, listens on {told[f'{name.upper()}_PORT']}")
        asked = {container[probe]["httpGet"]["path"] for probe in ("startupProbe", "livenessProbe", "readinessProbe") if probe in container}
        findings += [f"{name_of(workload)}: {path} is no probe" for path in sorted(asked - PROBES)]
        findings += too_short(name, workload, told)
    for policy in of_kind(documents, "NetworkPolicy"):
        opened = open_ports(documents, policy["spec"]["podSelector"])
        for rule in policy["spec"].get("ingress", ()):
            findings += [
                f"{name_of(policy)}: nobody listens on {port['port']}" for port in rule["ports"] if opened and port["port"] not in opened
            ]
        for rule in policy["spec"].get("egress", ()):
            for peer in rule["to"]:
                there = open_ports(documents, peer["podSelector"]) if set(peer) == {"podSelector"} else set[int]()
                findings += [
                    f"{name_of(policy)}: nobody listens on {port['port']}" for port in rule["ports"] if there and port["port"] not in there
                ]
    return findings + astray(documents)


def open_ports(documents: Documents, selector: Mapping[str, Any]) -> set[int]:
    """Give the ports of all pods that a selector takes."""
    taken = [pod_of(workload) for workload in workloads(documents) if selector and selects(selector, labels_of(workload))]
    return {port["containerPort"] for pod in taken for container in pod["containers"] for port in container.get("ports", ())}


def astray(documents: Documents) -> list[str]:
    """Give routes and scalers whose target is not there."""
    services = {(d["metadata"]["name"], port["port"]) for d in of_kind(documents, "Service") for port in d["spec"]["ports"]}
    behind = [(route, b) for route in of_kind(documents, "HTTPRoute") for rule in route["spec"]["rules"] for b in rule["backendRefs"]]
    findings = [f"{name_of(route)}: no service {b['name']}:{b['port']}" for route, b in behind if (b["name"], b["port"]) not in services]
    names = {workload["metadata"]["name"] for workload in workloads(documents)}
    scalers = [(name_of(d), d["spec"]["scaleTargetRef"]["name"]) for d in of_kind(documents, "HorizontalPodAutoscaler")]
    findings += [f"{scaler}: no {target}" for scaler, target in scalers if target not in names]
    for monitor in of_kind(documents, "PodMonitor"):
        if monitor["spec"]["selector"].get("matchLabels", {}).get("motcua/server") == "postgres":
            continue  # whose pods and ports are the operator's
        ports = {port["name"] for _, w in processes(documents) for port in pod_of(w)["containers"][0].get("ports", ())}
        ends = monitor["spec"]["podMetricsEndpoints"]
        findings += [
            f"{name_of(monitor)}: no {end['port']}{end['path']}" for end in ends if end["port"] not in ports or end["path"] not in PROBES
        ]
    return findings


def too_short(name: str, workload: Document, told: Mapping[str, str | None]) -> list[str]:
    """Give processes that would be killed while they still answer requests."""
    if workload["kind"] == "Job":
        return []
    needed = sum(float(told[f"{name.upper()}_{part}_SECONDS"] or 0) for part in ("DRAIN", "SHUTDOWN"))
    grace = pod_of(workload).get("terminationGracePeriodSeconds", 30)
    return [] if grace > needed + 5 else [f"{name_of(workload)}: is killed after {grace} s, may need {needed} s and some"]


def unrouted(documents: Documents) -> list[str]:
    """Give routes of a service that the gateway does not let through, and probes that it does."""
    findings: list[str] = []
    for name in SERVICES:
        matches = [m["path"] for rule in one(documents, "HTTPRoute", name)["spec"]["rules"] for m in rule["matches"]]
        prefixes = tuple(f"{m['value']}/" for m in matches if m["type"] == "PathPrefix")
        exact = {m["value"] for m in matches}
        service = service_of(name)
        paths = {route.path for router in service.routers(runtime_of(name)) for route in router.routes if isinstance(route, APIRoute)}
        findings += [
            f"HTTPRoute {name}: {path} is not let through" for path in sorted(paths) if path not in exact and not path.startswith(prefixes)
        ]
        findings += [f"HTTPRoute {name}: {path} is let through" for path in sorted(PROBES) if path in exact or path.startswith(prefixes)]
    return findings


def runtime_of(name: str) -> Any:
    """Give what a service's routes are made with; nothing is connected."""
    keys = {"jwks_file": "/jwks.json", "vault_keys": "1:" + "A" * 43 + "="}
    kind: Any = service_of(name).settings
    return service_of(name).runtime(kind(database_url="postgresql://a@b/c", **keys))


def metrics() -> dict[str, frozenset[str]]:
    """Give every series that our processes show, with the labels that it has of itself."""
    found: dict[str, frozenset[str]] = {}
    for collector, names in REGISTRY._collector_to_names.items():
        labels: frozenset[str] = frozenset(getattr(collector, "_labelnames", ()))
        kind = getattr(collector, "_type", None)
        bases = {name for name in names if name.startswith(("log_", "http_", "process_loop_", "cases_"))}
        found |= {name: labels for name in bases for suffix in SUFFIXES.get(str(kind), ()) if name.endswith(suffix)}
    return found


def unknown_metrics(expression: str) -> list[str]:
    """Give metrics and labels of an expression that nobody shows."""
    shown, findings = metrics(), list[str]()
    bare = re.sub(r'"(\\.|[^"\\])*"', '""', expression)
    grouped = [
        label for group in re.findall(r"\b(?:by|on|without|group_right|group_left)\s*\(([^)]*)\)", bare) for label in group.split(",")
    ]
    matched = re.findall(r"(\w+)\s*(?:=~|!~|!=|=)(?!=)", bare)
    rest = re.sub(r"\b(?:by|on|without|group_right|group_left)\s*\([^)]*\)|\{[^}]*\}|\[[^\]]*\]|\"\"", " ", bare)
    names = [name for name in re.findall(r"\b[a-z_][a-z0-9_]*\b(?!\s*\()", rest) if name not in {"and", "or", "unless", "by", "on"}]
    names = [name for name in names if name not in AGGREGATIONS]
    findings += [f"no metric {name}" for name in names if name not in shown and name not in FOREIGN]
    labels = frozenset().union(GIVEN, *(shown.get(name, frozenset()) for name in names))
    findings += [f"no label {label.strip()}" for label in (*grouped, *matched) if label.strip() and label.strip() not in labels]
    return findings


AGGREGATIONS: Final = frozenset({"sum", "max", "min"})
