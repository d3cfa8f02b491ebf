"""What is deployed keeps the policies, and each of them can be broken."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest

from tests.architecture.source import ROOT, listed
from tests.deploy.manifests import OVERLAYS, Documents, deployed, one, pod_of
from tests.deploy.policies import floating, lost, open_ways, told_secrets, unbounded, unrestricted, unsaved, unwatched

VERSION: Final[str] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]

POLICIES: Final[Mapping[str, Callable[[Documents], list[str]]]] = {
    "restricted": unrestricted,
    "bounded": unbounded,
    "watched": unwatched,
    "images": lambda documents: floating(documents, VERSION),
    "secrets": told_secrets,
    "network": open_ways,
    "references": lost,
    "backups": unsaved,
}


def api(documents: Documents) -> Any:
    """Give one workload to break."""
    return one(documents, "Deployment", "intake-api")


def container(documents: Documents) -> Any:
    """Give its container."""
    return pod_of(api(documents))["containers"][0]


def policy(documents: Documents, name: str) -> Any:
    """Give a network policy's specification."""
    return one(documents, "NetworkPolicy", name)["spec"]


Break = Callable[[list[Any]], object]

BREAKS: Final[Mapping[str, tuple[str, Break, str]]] = {
    "root": ("restricted", lambda d: pod_of(api(d))["securityContext"].update(runAsUser=0), "may run as root"),
    "no seccomp": ("restricted", lambda d: pod_of(api(d))["securityContext"].pop("seccompProfile"), "no seccomp profile"),
    "host network": ("restricted", lambda d: pod_of(api(d)).update(hostNetwork=True), "namespace of its host"),
    "token": ("restricted", lambda d: pod_of(api(d)).pop("automountServiceAccountToken"), "token for the Kubernetes API"),
    "host path": ("restricted", lambda d: pod_of(api(d)).update(volumes=[{"name": "h", "hostPath": {"path": "/"}}]), "volume h"),
    "root can be written on": (
        "restricted",
        lambda d: container(d)["securityContext"].update(readOnlyRootFilesystem=False),
        "readOnlyRootFilesystem",
    ),
    "capability": (
        "restricted",
        lambda d: container(d)["securityContext"].update(capabilities={"drop": ["ALL"], "add": ["NET_RAW"]}),
        "capabilities",
    ),
    "privileged": ("restricted", lambda d: container(d)["securityContext"].update(privileged=True), "privileged is set"),
    "no limit": ("bounded", lambda d: container(d)["resources"]["limits"].pop("memory"), "no resources.limits.memory"),
    "no probe": ("watched", lambda d: container(d).pop("readinessProbe"), "no readinessProbe"),
    "no budget": ("watched", lambda d: d.remove(one(d, "PodDisruptionBudget", "intake-api")), "not exactly one PodDisruptionBudget"),
    "no spread": ("watched", lambda d: pod_of(api(d)).pop("topologySpreadConstraints"), "may share a node"),
    "latest": ("images", lambda d: container(d).update(image="motcua/intake:latest"), "may be another one tomorrow"),
    "another version": ("images", lambda d: container(d).update(image="motcua/intake:9.9.9"), "may be another one tomorrow"),
    "a Secret": ("secrets", lambda d: d.append({"kind": "Secret", "metadata": {"name": "s"}}), "a Secret in a manifest"),
    "a told secret": (
        "secrets",
        lambda d: container(d)["env"].append({"name": "INTAKE_CURSOR_SECRET", "value": "x"}),
        "INTAKE_CURSOR_SECRET is told",
    ),
    "a secret setting": (
        "secrets",
        lambda d: one(d, "ConfigMap", "intake-settings")["data"].update(VAULT_KEYS="1:x"),
        "VAULT_KEYS is told",
    ),
    "a password": (
        "secrets",
        lambda d: one(d, "ConfigMap", "nats")["data"].update({"users.conf": "{ user: a, password: hunter2 }"}),
        "users.conf holds password",
    ),
    "not closed": ("network", lambda d: d.remove(one(d, "NetworkPolicy", "closed")), "nothing is closed by default"),
    "anybody": ("network", lambda d: policy(d, "http")["ingress"][0].pop("from"), "anybody, or any port"),
    "any namespace": ("network", lambda d: policy(d, "http")["ingress"][0].update({"from": [{"namespaceSelector": {}}]}), "nobody named"),
    # What kustomize would do, were the policy beside the service.
    "nowhere": (
        "network",
        lambda d: policy(d, "to-postgres")["egress"][0]["to"][0]["podSelector"]["matchLabels"].update({"app.kubernetes.io/name": "intake"}),
        "leads to no pod",
    ),
    "an address": (
        "network",
        lambda d: policy(d, "http")["egress"][0].update({"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}),
        "is no name",
    ),
    "for nobody": ("network", lambda d: policy(d, "http").update(podSelector={"matchLabels": {"a": "b"}}), "is for no pod"),
    "no pod": ("references", lambda d: one(d, "Service", "intake-api")["spec"]["selector"].update(a="b"), "takes no pod"),
    "no account": ("references", lambda d: d.remove(one(d, "ServiceAccount", "intake-account")), "no such account"),
    "no port": ("references", lambda d: container(d)["ports"].clear(), "no port http"),
    "no archive": ("backups", lambda d: one(d, "Cluster", "postgres")["spec"].pop("plugins"), "is not archived"),
    "no store": ("backups", lambda d: d.remove(one(d, "ObjectStore", "postgres-backup")), "a store that is not there"),
    "no schedule": ("backups", lambda d: d.remove(one(d, "ScheduledBackup", "postgres")), "nothing copies it"),
    "a schedule that rests": ("backups", lambda d: one(d, "ScheduledBackup", "postgres")["spec"].update(suspend=True), "nothing copies it"),
    "kept for ever": ("backups", lambda d: one(d, "ObjectStore", "postgres-backup")["spec"].pop("retentionPolicy"), "for ever"),
    "no timeout": (
        "backups",
        lambda d: one(d, "Cluster", "postgres")["spec"]["postgresql"]["parameters"].pop("archive_timeout"),
        "a quiet evening",
    ),
    "not mounted": ("references", lambda d: pod_of(api(d)).setdefault("volumes", []).append({"name": "v"}), "volume v is not mounted"),
}


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_is_deployed_keeps_the_policy(overlay: str, name: str) -> None:
    findings = POLICIES[name](deployed(overlay))
    assert not findings, listed(findings)


@pytest.mark.parametrize("what", BREAKS)
def test_what_breaks_a_policy_is_refused_with_the_reason(what: str) -> None:
    name, break_it, reason = BREAKS[what]
    documents = deployed("production")
    break_it(documents)
    assert any(reason in finding for finding in POLICIES[name](documents))
