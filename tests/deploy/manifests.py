"""Read the Kubernetes manifests as a cluster would get them: built by kustomize, which comes with the wheel of kubectl.

As in tests/architecture, every rule is a function from documents to findings, one line each; its test asks it about what is
deployed, and about the same with one thing broken.
"""

from __future__ import annotations

import subprocess
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from deploy.local.processes import ROOT

K8S: Final = ROOT / "deploy" / "k8s"
OVERLAYS: Final = ("dev", "production")
ROLES: Final = ("api", "worker", "migrate")

Document = Mapping[str, Any]
Documents = Sequence[Document]


def build(folder: Path) -> list[Any]:
    """Build one kustomization and give its documents.

    Raises:
        ValueError: with what kustomize says.
    """
    kubectl = Path(sysconfig.get_path("scripts")) / "kubectl"
    done = subprocess.run([kubectl, "kustomize", folder], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise ValueError(done.stderr)
    return list(yaml.load_all(done.stdout, yaml.CSafeLoader))


@cache
def _built(overlay: str) -> list[Any]:
    return build(K8S / "overlays" / overlay)


def deployed(overlay: str) -> list[Any]:
    """Give a copy of an overlay's documents, to be looked at or broken."""
    return deepcopy(_built(overlay))


def name_of(document: Document) -> str:
    """Give `Kind name`, as findings name it."""
    return f"{document['kind']} {document['metadata']['name']}"


def of_kind(documents: Documents, *kinds: str) -> list[Any]:
    """Give the documents of these kinds."""
    return [document for document in documents if document["kind"] in kinds]


def one(documents: Documents, kind: str, name: str) -> Any:
    """Give one document; a name that kustomize made unique by a hash is known without it."""
    return next(d for d in of_kind(documents, kind) if d["metadata"]["name"] == name or d["metadata"]["name"].rpartition("-")[0] == name)


def workloads(documents: Documents) -> list[Any]:
    """Give what makes pods."""
    return of_kind(documents, "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod")


def pod_of(workload: Document) -> Any:
    """Give the pod's specification."""
    return workload["spec"]["template"]["spec"]


def labels_of(workload: Document) -> Mapping[str, str]:
    """Give the pod's labels."""
    return workload["spec"]["template"]["metadata"].get("labels", {})


def containers(documents: Documents) -> Iterator[tuple[str, Any]]:
    """Give every container with the name that findings call it by."""
    for workload in workloads(documents):
        pod = pod_of(workload)
        for container in (*pod.get("initContainers", ()), *pod["containers"]):
            yield f"{name_of(workload)}, {container['name']}", container


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Tell whether a label selector takes these labels."""
    exact = all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
    return exact and all(
        labels.get(rule["key"]) in rule["values"] if rule["operator"] == "In" else labels.get(rule["key"]) not in rule["values"]
        for rule in selector.get("matchExpressions", ())
    )
